/** Where the numbers begin. Set `SEED` to begin elsewhere. */
export const SEED = Number(process.env['SEED'] ?? 1)

/** Inputs in all. Set `INPUTS` for more. */
const INPUTS = Number(process.env['INPUTS'] ?? 100_000)

/** How the inputs are shared out: most go where state can break. */
export const DECODER_INPUTS = Math.ceil(INPUTS * 0.4)
export const SERVER_INPUTS = Math.ceil(INPUTS * 0.4)
export const CLIENT_INPUTS = INPUTS - DECODER_INPUTS - SERVER_INPUTS
