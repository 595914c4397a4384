import { describe, expect, test } from 'vitest'
import { type CheckOptions, checkHistory, type HistoryEvent } from '../../src/history/index.js'
import {
  at,
  connUp,
  deliver,
  end,
  fail,
  fault,
  finalLog,
  gap,
  invoke,
  keyed,
  linkClose,
  linkOpen,
  nowhere,
  ok,
  publish,
  rebase,
  record,
  restart,
  retained,
  rolledBack,
  subscribe,
  undone,
  unknown,
  unsubscribe,
  type Unstamped,
} from './record.js'

const lossy: CheckOptions = { lossyFaults: ['loss'] }

/** The rules that a history breaks, each once, in order. */
function broken(history: readonly HistoryEvent[], options: CheckOptions = {}): number[] {
  const { violations } = checkHistory(history, options)
  return [...new Set(violations.map(({ rule }) => rule))].sort((a, b) => a - b)
}

const [a1, b2, c3] = [publish('a', at('e', 1)), publish('b', at('e', 2)), publish('c', at('e', 3))]
const abc = finalLog('e', ['a', 'b', 'c'])

describe('rule 1, no phantom', () => {
  test('a delivery of an unknown id', () => {
    expect(broken(record(subscribe(nowhere), deliver('ghost', at('e', 1)), finalLog('e', ['ghost'])))).toEqual([1])
  })

  test('an id that names two calls', () => {
    expect(broken(record(invoke('a'), a1, finalLog('e', ['a'])))).toEqual([1])
  })

  test('an acknowledgement before the call', () => {
    expect(broken(record(ok('a', at('e', 1)), invoke('a'), finalLog('e', ['a'])))).toEqual([1])
  })
})

describe('rule 2, outcomes', () => {
  test('a failed publish that is delivered from a log that is gone', () => {
    const history = record(
      subscribe(nowhere),
      [invoke('a'), fail('a')],
      deliver('a', at('e', 1)),
      fault('loss'),
      gap('epoch', 1, 0, nowhere),
      finalLog('', []),
    )
    expect(broken(history, lossy)).toEqual([2])
  })

  test('a message stored twice of which the log keeps only the second', () => {
    const history = record(
      subscribe(nowhere, undefined, 'one'),
      [invoke('a'), unknown('a')],
      deliver('a', at('e', 1), 'one'),
      unsubscribe('one'),
      subscribe(at('e', 1), undefined, 'two'),
      deliver('a', at('e', 2), 'two'),
      finalLog('e', ['a'], { first: 2 }),
    )
    expect(broken(history)).toEqual([2])
  })
})

describe('rule 3, order', () => {
  test('a hole in messages that were trimmed since', () => {
    const history = record(
      subscribe(nowhere),
      [a1, b2, c3].flat(),
      deliver('a', at('e', 1)),
      deliver('c', at('e', 3)),
      finalLog('e', ['c'], { first: 3 }),
    )
    expect(broken(history)).toEqual([3])
  })

  test('a second offset first, from the null position', () => {
    const history = record(
      subscribe(nowhere),
      [a1, b2].flat(),
      deliver('b', at('e', 2)),
      finalLog('e', ['b'], { first: 2 }),
    )
    expect(broken(history)).toEqual([3])
  })

  test('a delivery in no epoch', () => {
    expect(broken(record(subscribe(nowhere), invoke('a'), unknown('a'), deliver('a', at('', 1)), end))).toContain(3)
  })

  test('a rebase that carries a position over its end', () => {
    const history = record(
      subscribe(at('e', 2)),
      fault('loss'),
      rebase('e', 1, 'f'),
      publish('c', at('f', 3)),
      deliver('c', at('f', 3)),
      unsubscribe(),
      finalLog('g', []),
    )
    expect(broken(history, lossy)).toEqual([3])
  })

  test('a rebase whose end contradicts the lineage', () => {
    const history = record(
      subscribe(at('e', 2)),
      fault('loss'),
      rebase('e', 2, 'f'),
      publish('c', at('f', 3)),
      deliver('c', at('f', 3)),
      finalLog('f', ['c'], { first: 3, ended: [{ epoch: 'e', end: 1 }] }),
    )
    expect(broken(history, lossy)).toEqual([3])
  })

  test('an answer in an epoch that does not continue what was asked for', () => {
    const history = record(
      subscribe(at('f', 2), at('e', 2)),
      publish('c', at('f', 3)),
      deliver('c', at('f', 3)),
      finalLog('f', ['c'], { first: 3, ended: [{ epoch: 'e', end: 1 }] }),
    )
    expect(broken(history, lossy)).toEqual([3])
  })

  test('an epoch gap that stays in its epoch', () => {
    const history = record(subscribe(at('e', 1)), fault('loss'), gap('epoch', 1, 1, at('e', 1)), finalLog('f', []))
    expect(broken(history, lossy)).toContain(3)
  })

  test('a restart of nothing', () => {
    expect(broken(record(restart(nowhere), finalLog('', [])))).toEqual([3])
  })

  test('a restart from a position of an epoch the subscription never had', () => {
    const history = record(subscribe(nowhere), a1, deliver('a', at('e', 1)), restart(at('f', 1)), finalLog('e', ['a']))
    expect(broken(history)).toContain(3)
  })

  test('a log that does not reach its head', () => {
    const [last, log] = finalLog('e', ['a'])
    expect(broken(record(a1, last ?? [], { ...log, head: at('e', 2) } as typeof end))).toEqual([3])
  })
})

describe('rule 4, once', () => {
  test('an id again at another position of an epoch that was lost later', () => {
    const history = record(
      subscribe(nowhere),
      [invoke('a'), unknown('a')],
      deliver('a', at('e', 1)),
      deliver('a', at('e', 2)),
      fault('loss'),
      gap('epoch', 2, 0, nowhere),
      finalLog('', []),
    )
    expect(broken(history, lossy)).toEqual([2, 4])
  })

  test('an id again after a rollback that did not take back its first position', () => {
    const history = record(
      subscribe(nowhere),
      [invoke('a'), unknown('a'), invoke('b'), unknown('b')],
      deliver('a', at('e', 1)),
      deliver('b', at('e', 2)),
      fault('loss'),
      gap('rollback', 2, 2, at('f', 1)),
      deliver('a', at('f', 2)),
      finalLog('f', ['a', 'a'], { ended: [{ epoch: 'e', end: 1 }] }),
    )
    expect(broken(history, lossy)).toEqual([2, 4])
  })
})

describe('rule 5, completeness', () => {
  test('a start that is ahead of a message published after it', () => {
    const history = record(subscribe(at('e', 1)), a1, b2, deliver('b', at('e', 2)), finalLog('e', ['a', 'b']))
    expect(broken(history)).toEqual([5])
  })

  test('a start from the start that skips a kept message', () => {
    const history = record(
      [a1, b2].flat(),
      subscribe(at('e', 1), 'start'),
      deliver('b', at('e', 2)),
      finalLog('e', ['a', 'b']),
    )
    expect(broken(history)).toEqual([5])
    expect(broken(history, { mayTrim: true })).toEqual([])
  })

  test('a position asked for and answered with a later one, with nothing said of what lies between', () => {
    const history = record([a1, b2, c3].flat(), subscribe(at('e', 2), at('e', 0)), deliver('c', at('e', 3)), abc)
    expect(broken(history)).toEqual([3, 5])
  })

  test('messages of a surviving epoch that a false rebase skips', () => {
    const history = record(
      subscribe(at('e', 2)),
      fault('loss'),
      publish('b', at('f', 2)),
      rebase('e', 2, 'f'),
      finalLog('f', ['b'], { first: 2, ended: [{ epoch: 'e', end: 1 }] }),
    )
    expect(broken(history, lossy)).toEqual([3, 5])
  })

  test('a message delivered before a restart took it back, and not again', () => {
    const history = record(
      subscribe(nowhere),
      [a1, b2, c3].flat(),
      deliver('a', at('e', 1)),
      deliver('b', at('e', 2)),
      restart(at('e', 1)),
      deliver('c', at('e', 3)),
      abc,
    )
    expect(broken(history)).toEqual([3, 5])
  })

  test('an entry that was never acknowledged is owed too', () => {
    const history = record(subscribe(nowhere), [invoke('a'), unknown('a')], finalLog('e', ['a']))
    expect(broken(history)).toEqual([5, 9])
  })
})

describe('rule 6, losses', () => {
  const lost = [a1, fault('loss')].flat()

  test('a loss without a fault', () => {
    expect(broken(record(a1, finalLog('', [])))).toEqual([6])
    expect(broken(record(a1, fault('other'), finalLog('', [])), lossy)).toEqual([6])
    expect(broken(record(lost, finalLog('', [])), lossy)).toEqual([])
  })

  test('a publisher that came back and was not told', () => {
    expect(broken(record(lost, connUp(), finalLog('', [])), lossy)).toEqual([6])
    expect(broken(record(lost, connUp(), rolledBack('a'), finalLog('', [])), lossy)).toEqual([])
    expect(broken(record(lost, connUp('another'), finalLog('', [])), lossy)).toEqual([])
  })

  test('a publisher that came back while the log could not be asked is told with its next reply', () => {
    const away = (until: number) => ({ ...fault('away'), until })
    expect(broken(record(lost, away(50), connUp(), finalLog('', [])), lossy)).toEqual([])
    expect(broken(record(lost, away(-2_000), connUp(), finalLog('', [])), lossy)).toEqual([6])
    const answered = [invoke('b', 'p'), ok('b', at('f', 1))]
    expect(broken(record(lost, away(50), connUp(), answered, finalLog('f', ['b'])), lossy)).toEqual([6])
  })

  test('a publisher that got a reply from the surviving history and was not told', () => {
    const history = record(lost, publish('b', at('f', 1)), fault('loss'), finalLog('f', ['b']))
    expect(broken(history, lossy)).toEqual([6])
  })

  test('a late reply to a call made before the loss proves nothing', () => {
    const history = record(invoke('b', 'p'), lost, ok('b', at('f', 1)), finalLog('f', ['b']))
    expect(broken(history, lossy)).toEqual([])
  })

  test('a subscriber that ended, but had gone on to messages after the loss', () => {
    const history = record(
      subscribe(nowhere),
      lost,
      deliver('a', at('e', 1)),
      publish('b', at('f', 2)),
      rolledBack('a'),
      deliver('b', at('f', 2)),
      unsubscribe(),
      finalLog('f', ['b'], { first: 2 }),
    )
    expect(broken(history, lossy)).toEqual([3, 6])
  })

  test('a subscriber that holds a lost message nobody had acknowledged', () => {
    const history = record(
      subscribe(nowhere),
      [invoke('a'), unknown('a')],
      deliver('a', at('e', 1)),
      fault('loss'),
      finalLog('f', []),
    )
    expect(broken(history, lossy)).toEqual([6, 9])
  })
})

describe("a server's own publish, with a key", () => {
  const told = (offset: number, epoch = 'e') => ok('a', at(epoch, offset), 'servers')

  test('may be repeated, and acknowledged each time', () => {
    const log = finalLog('e', ['a'])
    expect(broken(record(keyed('a'), told(1), told(1), log))).toEqual([])
    expect(broken(record(invoke('a'), told(1), told(1), log))).toEqual([9])
    expect(broken(record(keyed('a'), log))).toEqual([9])
  })

  test('takes effect once in one history, and a repeat is told where', () => {
    expect(broken(record(keyed('a'), told(1), told(2), finalLog('e', ['a', 'a'])))).toEqual([2, 7])
    expect(broken(record(keyed('a'), told(1), told(2), b2, finalLog('e', ['a', 'b'])))).toEqual([7])
  })

  test('may take effect again in the history that took over', () => {
    const history = [keyed('a'), told(2), fault('loss'), told(1, 'f'), finalLog('f', ['a'])].flat()
    expect(broken(record(history), lossy)).toEqual([])
  })

  test('is not lost once it is acknowledged, unless a fault loses it', () => {
    const gone = [keyed('a'), told(1)]
    expect(broken(record(gone, finalLog('', [])))).toEqual([6])
    expect(broken(record(gone, fault('loss'), connUp('servers'), finalLog('', [])), lossy)).toEqual([])
  })

  test('is taken back from those who received it, as any other', () => {
    const history = record(subscribe(nowhere), keyed('a'), told(1), deliver('a', at('e', 1)), fault('loss'))
    const lost = record(history, finalLog('f', []))
    expect(broken(lost, lossy)).toContain(6)
  })
})

describe('rule 7, agreement', () => {
  test('two subscribers of an epoch that was lost later', () => {
    const history = record(
      [invoke('a'), unknown('a'), invoke('b'), unknown('b')],
      subscribe(nowhere, undefined, 'one'),
      subscribe(nowhere, undefined, 'two'),
      deliver('a', at('e', 1), 'one'),
      deliver('b', at('e', 1), 'two'),
      unsubscribe('one'),
      unsubscribe('two'),
      finalLog('', []),
    )
    expect(broken(history)).toEqual([7])
  })

  test('two epochs that a rebase joined and that differ below its end', () => {
    const history = record(
      [invoke('a'), unknown('a'), invoke('b'), unknown('b')],
      subscribe(nowhere),
      subscribe(at('f', 0), undefined, 'two'),
      deliver('a', at('e', 1)),
      rebase('e', 1, 'f'),
      deliver('b', at('f', 1), 'two'),
      unsubscribe(),
      unsubscribe('two'),
      finalLog('', []),
    )
    expect(broken(history)).toEqual([7])
  })

  test('an acknowledgement at a trimmed place of a message that is in the log', () => {
    const history = record(a1, publish('b', at('e', 1)), finalLog('e', ['b'], { first: 2 }))
    expect(broken(history)).toEqual([7])
  })

  test('an acknowledgement beyond the head of a message that is in the log', () => {
    expect(broken(record(publish('a', at('e', 4)), finalLog('e', ['a'])))).toEqual([7])
  })
})

describe('rule 8, no false gaps', () => {
  test('a trimmed gap over what the log holds', () => {
    const history = record(
      subscribe(nowhere),
      [a1, b2].flat(),
      gap('trimmed', 1, 1, at('e', 1)),
      deliver('b', at('e', 2)),
      finalLog('e', ['a', 'b']),
    )
    expect(broken(history)).toEqual([8])
    expect(broken(history, { mayTrim: true })).toEqual([])
  })

  test('a rollback of what is still there', () => {
    const history = record(
      subscribe(nowhere),
      a1,
      deliver('a', at('e', 1)),
      fault('loss'),
      gap('rollback', 1, 1, at('f', 0)),
      deliver('a', at('f', 1)),
      finalLog('f', ['a'], { ended: [{ epoch: 'e', end: 1 }] }),
    )
    expect(broken(history, lossy)).toEqual([8])
  })

  describe('of two histories that are served at once, where the final one forked off behind the first message', () => {
    /** Moves to the other master, is told there what that one does not have, and comes back. */
    const moved = (node: string, from: number) =>
      record(
        subscribe(nowhere),
        [connUp('s', 'new'), connUp('p', 'new')],
        a1,
        deliver('a', at('e', 1)),
        fault('loss'),
        publish('b', at('f', 2)),
        rebase('e', 1, 'f'),
        deliver('b', at('f', 2)),
        [connUp('s', node), connUp('p', node)],
        rolledBack('b'),
        gap('rollback', from, 2, at('e', from - 1)),
        [connUp('s', 'new'), connUp('p', 'new')],
        rebase('e', 1, 'f'),
        from === 1 ? deliver('a', at('f', 1)) : [],
        deliver('b', at('f', 2)),
        undone(at('e', 5), [{ epoch: 'f', end: 1 }], ['old']),
        finalLog('f', ['a', 'b'], { ended: [{ epoch: 'e', end: 1 }] }),
      )

    test('each may say that what the other one has is gone', () => {
      expect(broken(moved('old', 2), lossy)).toEqual([])
    })

    test('a node with the final one may not', () => {
      expect(broken(moved('new', 2), lossy)).toEqual([8])
      const { violations } = checkHistory(moved('new', 2), lossy)
      expect(violations.map(({ subscriber }) => subscriber)).toEqual([undefined, 's'])
    })

    test('none may say that what both have is gone', () => {
      expect(broken(moved('old', 1), lossy)).toEqual([8])
    })
  })

  test('a rollback into a history that nobody knows of', () => {
    const history = record(
      subscribe(nowhere),
      [a1, b2].flat(),
      [deliver('a', at('e', 1)), deliver('b', at('e', 2))],
      fault('loss'),
      gap('rollback', 2, 2, at('g', 1)),
      rebase('g', 1, 'f'),
      rolledBack('b'),
      finalLog('f', ['a'], { ended: [{ epoch: 'e', end: 1 }] }),
    )
    expect(broken(history, lossy)).toContain(8)
  })

  test.each(['epoch', 'unknown'] as const)('a gap %s where the lineage continues', (reason) => {
    const history = record(
      subscribe(nowhere),
      a1,
      deliver('a', at('e', 1)),
      fault('loss'),
      gap(reason, 1, 1, at('f', 1)),
      finalLog('f', ['a'], { ended: [{ epoch: 'e', end: 1 }] }),
    )
    expect(broken(history, lossy)).toEqual([8])
  })

  describe('of a log that keeps two messages,', () => {
    const missed = gap('trimmed', 1, 2, at('e', 2))
    const cd = [deliver('c', at('e', 3)), deliver('d', at('e', 4))]
    const d4 = publish('d', at('e', 4))
    const kept = finalLog('e', ['c', 'd'], { first: 3 })

    test('a gap trimmed when two others were asked for after those', () => {
      const history = record(retained(2), subscribe(nowhere), a1, b2, c3, d4, missed, cd, kept)
      expect(broken(history)).toEqual([])
      const slow = record(retained(2), subscribe(nowhere), a1, b2, c3, d4, gap('slow', 1, 2, at('e', 2)), cd, kept)
      expect(broken(slow)).toEqual([])
    })

    test('one that is told while the log held them, though it has trimmed them in the end', () => {
      const early = [subscribe(nowhere), a1, b2, c3, missed, d4, cd, kept] as const
      expect(broken(record(retained(2), ...early))).toEqual([8])
      expect(broken(record(...early))).toEqual([])
    })

    test('one that is told when acknowledgements alone show what was asked for', () => {
      const later = [publish('f', at('e', 5)), publish('g', at('e', 6))].flat()
      const rest = [gap('trimmed', 3, 4, at('e', 4)), deliver('f', at('e', 5)), deliver('g', at('e', 6))]
      const log = finalLog('e', ['f', 'g'], { first: 5 })
      const begun = [retained(2), subscribe(nowhere), a1, b2].flat()
      expect(broken(record(begun, c3, d4, missed, later, rest, log))).toEqual([])
      const unheard = [invoke('c'), missed, later, rest, unknown('c')].flat()
      expect(broken(record(begun, unheard, log))).toEqual([8])
    })
  })

  test('a true gap before its fault', () => {
    const history = record(
      subscribe(nowhere),
      a1,
      deliver('a', at('e', 1)),
      gap('epoch', 1, 0, nowhere),
      fault('loss'),
      finalLog('', []),
    )
    expect(broken(history, lossy)).toEqual([8])
  })

  test('a publisher that is told of a loss that was none, or of what it had no acknowledgement for', () => {
    expect(broken(record(a1, rolledBack('a'), finalLog('e', ['a'])))).toEqual([8])
    expect(broken(record(a1, rolledBack('a'), finalLog('e', [], { first: 2 })))).toEqual([8])
    expect(broken(record([invoke('a'), unknown('a')], rolledBack('a'), end))).toEqual([8])
    expect(broken(record(rolledBack('a'), end))).toEqual([8])
  })
})

describe('rule 9, liveness', () => {
  test('a subscriber behind the head, where nothing was ever its due', () => {
    const history = record(subscribe(at('e', 1)), finalLog('e', [], { first: 3 }))
    expect(broken(history)).toEqual([9])
  })

  test('a subscriber at the same offset of an epoch that is gone', () => {
    const history = record(subscribe(at('e', 1)), fault('loss'), publish('a', at('f', 1)), finalLog('f', ['a']))
    expect(broken(history, lossy)).toEqual([5, 9])
  })

  test('a publish that never settles, that settles twice, that settles late', () => {
    expect(broken(record(invoke('a'), end))).toEqual([9])
    expect(broken(record(invoke('a'), unknown('a'), fail('a'), end))).toEqual([9])
    expect(broken(record(invoke('a'), end, unknown('a')))).toEqual([9])
  })

  test('a record that breaks off', () => {
    expect(broken([])).toEqual([9])
    expect(broken(record(subscribe(nowhere)))).toEqual([9])
  })
})

describe('rule 10, presence', () => {
  const who = { channel: 'c', session: 'x', user: 'ada' }
  const enter = {
    type: 'presence.call',
    client: 'p',
    user: 'ada',
    channel: 'c',
    id: '1',
    action: 'enter',
    data: 'd',
  } as const
  const asked: Unstamped = { type: 'presence.call', client: 'p', user: 'ada', channel: 'c', id: '2', action: 'leave' }
  const done = (id: string): Unstamped => ({ type: 'presence.settled', id, ok: true })
  const change = (kind: 'join' | 'leave', offset: number): Unstamped => {
    return {
      type: 'presence.change',
      kind,
      position: at('e', offset),
      ...who,
      ...(kind === 'join' ? { data: 'd' } : {}),
    }
  }
  const audit = (...members: string[]): Unstamped => {
    return { type: 'presence.audit', channel: 'c', members: members.map((data) => ({ ...who, data })) }
  }
  const there = [linkOpen('l'), connUp(), enter, change('join', 1), done('1')]
  /** Times in units of the record, which has an event every 10 ms. */
  const presence = { settleMs: 20, graceMs: 100, withinMs: 200, disabling: ['stop'], lastingMs: 1_000 }
  const wait = (count: number) => Array.from({ length: count }, () => ({ type: 'heal' }) as const)

  test('somebody who leaves without asking to, unless servers were in trouble', () => {
    const history = [...there, wait(5), change('leave', 2), end].flat()
    expect(broken(record(history), { presence })).toEqual([10])
    expect(broken(record(fault('stop'), history), { presence })).toEqual([])
    expect(broken(record(there, asked, change('leave', 2), done('2'), end), { presence })).toEqual([])
  })

  test('somebody who leaves before the grace is over, or stays for too long', () => {
    const gone = (count: number) => record(there, wait(5), linkClose('l'), wait(count), change('leave', 2), end)
    expect(broken(gone(5), { presence })).toEqual([10])
    expect(broken(gone(12), { presence })).toEqual([])
    expect(broken(gone(25), { presence })).toEqual([10])
    expect(broken(record(there, linkClose('l'), wait(25), end), { presence })).toEqual([10])
  })

  test('a store that has who left, who never came, or what was shown before', () => {
    const audited = (...parts: Array<Unstamped | Unstamped[]>) => broken(record(there, ...parts, end), { presence })
    expect(audited(wait(5), audit('d'))).toEqual([])
    expect(audited(wait(5), audit())).toEqual([10])
    expect(audited(wait(5), audit('d', 'd'))).toEqual([10])
    expect(audited(wait(5), audit('old'))).toEqual([10])
    expect(audited(asked, change('leave', 2), done('2'), wait(5), audit('d'))).toEqual([10])
    // What was asked a moment ago may be on its way.
    expect(audited(asked, change('leave', 2), done('2'), audit('d'))).toEqual([])
  })

  test('a watcher that is told what it knows, or nothing', () => {
    const watch = (...heard: Unstamped[]) =>
      broken(record(there, { type: 'presence.watch', client: 'p', channel: 'c' }, heard, wait(5), audit('d'), end), {
        presence,
      })
    const seen: Unstamped = { type: 'presence.seen', client: 'p', channel: 'c', users: { ada: 'd' } }
    const told = (kind: 'join' | 'leave'): Unstamped => {
      return { type: 'presence.told', client: 'p', channel: 'c', kind, user: 'ada' }
    }
    expect(watch(seen)).toEqual([])
    expect(watch(seen, told('leave'), { ...seen, users: {} }, told('join'), seen)).toEqual([])
    expect(watch()).toEqual([10])
    expect(watch(told('join'), seen)).toEqual([10])
    expect(watch(seen, told('join'), seen)).toEqual([10])
    expect(watch(seen, { ...seen, users: {} }, seen)).toEqual([10])
  })
})

describe('rule 11, bounds', () => {
  const bound = (value: number) => record({ type: 'bound', name: 'queue', value, limit: 10 }, end)

  test('a queue over its limit', () => {
    expect(broken(bound(11))).toEqual([11])
    expect(broken(bound(NaN))).toEqual([11])
    expect(broken(bound(10))).toEqual([])
  })

  test('an older link that outlives a newer one', () => {
    const history = record(linkOpen('l1'), linkOpen('l2'), fault('pause'), linkClose('l1'), end)
    expect(broken(history, { supersedeWithinMs: 20 })).toEqual([])
    expect(broken(history, { supersedeWithinMs: 10 })).toEqual([11])
  })

  test('an older link that is open at the end, unless it still has time', () => {
    const history = record(linkOpen('l1'), linkOpen('l2'), linkClose('l2'), end)
    expect(broken(history, { supersedeWithinMs: 20 })).toEqual([])
    expect(broken(history, { supersedeWithinMs: 10 })).toEqual([11])
  })

  test('three links at once are two too many', () => {
    const history = record(linkOpen('l1'), linkOpen('l2'), linkOpen('l3'), fault('pause'), end)
    expect(checkHistory(history, { supersedeWithinMs: 10 }).violations).toHaveLength(2)
  })
})
