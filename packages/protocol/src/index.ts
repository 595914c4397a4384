// Frames and the codec
export type * from './frame.js'
export { RESERVED_FRAMES } from './frame.js'
export { isProtocolError, type Codec, type ExplainedError, type ProtocolError } from './codec.js'
export { clientCodec, encodePublication, serverCodec, type PublicationText } from './json-codec.js'
export { negotiate, RESERVED_SUBPROTOCOLS, SUBPROTOCOL } from './version.js'

// Positions
export {
  judge,
  NULL_POSITION,
  rebased,
  type DeliveryVerdict,
  type Gap,
  type GapReason,
  type Mode,
  type Position,
  type Rebase,
} from './position.js'

// Codes
export {
  CLOSE_CODES,
  closePolicy,
  isRefusal,
  isTerminal,
  REAUTHENTICATE,
  RESTART,
  type CloseCodeName,
  type CloseCodeRow,
  type ClosePolicy,
} from './close-codes.js'
export { ERROR_CODES, type ErrorCode, type ErrorCodeRow, type ServerErrorCode } from './errors.js'

// Contracts and names
export {
  contract,
  type ChannelContract,
  type ChannelIn,
  type Contract,
  type ContractOf,
  type MessageInput,
  type MessageOutput,
  type MethodContract,
  type MethodIn,
  type MethodInput,
  type MethodOutput,
  type MethodReceived,
  type MethodReturned,
  type MethodsOf,
  type NameOf,
  type ParamNames,
  type ParamsOf,
  type PersonalInput,
  type PersonalOutput,
  type PresenceInput,
  type PresenceOutput,
  type TemplateIn,
} from './contract.js'
export { channelTemplate, isChannelName, type ChannelTemplate, type TemplateValues } from './channel-name.js'
export type { InputOf, OutputOf, SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.js'

// Limits and small tools
export { DEFAULT_LIMITS, type Limits } from './limits.js'
export { truncateToBytes, utf8Bytes } from './utf8.js'
