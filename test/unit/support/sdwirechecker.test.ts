import { describe, expect, it } from "vitest"
import { SdCardChip, type SdCardOptions } from "../../../sim/chips/sdcard"
import type { SpiBus } from "../../../src/core/seams"
import { ChipSpiBus } from "../../support/memorycard"
import { RawSdHost } from "../../support/rawsdhost"
import { filled, tampered, wired } from "../../support/wiredcard"

describe("the checker of the SD wire", () => {
    interface Breach {
        title: string
        says: RegExp
        options?: SdCardOptions
        act: (host: RawSdHost, chip: SdCardChip) => Promise<unknown>
    }
    const started = (act: Breach["act"]): Breach["act"] => {
        return async (host, chip) => {
            await host.start()
            await act(host, chip)
        }
    }
    const breaches: Breach[] = [
        {
            title: "too few clocks to wake a card",
            says: /^6\.4\.1: 72 clocks before CMD0/,
            act: async host => {
                await host.wake(9)
                await host.send(0)
            },
        },
        {
            title: "a fast clock during identification",
            says: /^4\.2: 1000000 Hz/,
            act: async host => {
                await host.wake()
                await host.setClockHz(1_000_000)
                await host.send(0)
            },
        },
        {
            title: "a clock above 25 MHz",
            says: /^5\.3\.2: 26000000 Hz/,
            act: started(async host => {
                await host.setClockHz(26_000_000)
                await host.send(13)
            }),
        },
        {
            title: "a first command other than CMD0",
            says: /^7\.2\.1: CMD8 .* before CMD0/,
            act: async host => {
                await host.wake()
                await host.send(8, 0x1aa)
            },
        },
        ...[0, 8].map(index => ({
            title: `CMD${index} with a wrong checksum`,
            says: new RegExp(`^7\\.2\\.2: CMD${index} .*CRC-7 0x7f`),
            act: async (host: RawSdHost) => {
                await host.wake()
                if (index === 8) await host.send(0)
                await host.send(index, index === 8 ? 0x1aa : 0, { crc: 0xff })
            },
        })),
        {
            title: "ACMD41 without a preceding CMD8",
            says: /^7\.2\.1: ACMD41 without CMD8/,
            act: async host => {
                await host.wake()
                await host.send(0)
                await host.initialise()
            },
        },
        {
            title: "HCS for a version 1 card",
            says: /^7\.2\.1: ACMD41 .* HCS for a card/,
            options: { type: "SDSC1" },
            act: async host => {
                await host.wake()
                await host.send(0)
                await host.send(8, 0x1aa)
                await host.initialise(0x40000000)
            },
        },
        {
            title: "voltages in the argument of ACMD41",
            says: /^7\.3\.1\.3: ACMD41 .*only bit 30/,
            act: async host => {
                await host.wake()
                await host.send(0)
                await host.send(8, 0x1aa)
                await host.initialise(0x40ff8000)
            },
        },
        {
            title: "another command between two ACMD41",
            says: /^7\.2\.1: CMD58 .* between two ACMD41/,
            act: async host => {
                await host.wake()
                await host.send(0)
                await host.send(8, 0x1aa)
                await host.send(55)
                await host.send(41, 0x40000000)
                await host.send(58)
            },
        },
        {
            title: "a read before the card is ready",
            says: /^7\.2\.1: CMD17 .* before the card is ready/,
            act: async host => {
                await host.wake()
                await host.send(0)
                await host.send(17)
            },
        },
        {
            title: "an address before CMD58",
            says: /^7\.2\.1: CMD17 .* before CMD58/,
            act: async host => {
                await host.wake()
                await host.send(0)
                await host.send(8, 0x1aa)
                await host.initialise()
                await host.send(17, 0, { after: 540 })
            },
        },
        {
            title: "no block length on a byte-addressed card",
            says: /^7\.2\.3: CMD17 .* before CMD16/,
            act: async host => {
                await host.wake()
                await host.send(0)
                await host.send(8, 0x1aa)
                await host.initialise()
                await host.send(58)
                await host.send(17, 0, { after: 540 })
            },
        },
        {
            title: "an unaligned address",
            says: /^7\.2\.3: CMD17 .* no multiple of 512/,
            act: started(async host => await host.send(17, 100)),
        },
        {
            title: "an address past the end of the card",
            says: /^7\.3\.1\.3: CMD17 .* past the end/,
            act: started(async host => await host.send(17, 64 * 1024 * 1024)),
        },
        {
            title: "a block length other than 512",
            says: /^4\.3\.2: CMD16/,
            act: started(async host => await host.send(16, 1024)),
        },
        {
            title: "a command unknown in SPI mode",
            says: /^7\.3\.1\.3: CMD2 is none/,
            act: started(async host => await host.send(2)),
        },
        {
            title: "stuff bits that are not zero",
            says: /^7\.3\.1\.3: CMD13 .*stuff bits/,
            act: started(async host => await host.send(13, 1)),
        },
        {
            title: "a command without its end bit",
            says: /^7\.3\.1\.1: CMD13 .*end bit/,
            act: started(async host => await host.send(13, 0, { crc: 0x0c })),
        },
        {
            title: "a byte that begins no command",
            says: /^7\.3\.1\.1: 0x0 begins no command/,
            act: started(async host => await host.bytes([0x00])),
        },
        {
            title: "a truncated command",
            says: /^7\.3\.1\.1: deselected in the middle/,
            act: started(async host => {
                await host.bytes([0x40, 0, 0])
                await host.wire.select(false)
            }),
        },
        {
            title: "a command immediately after an answer",
            says: /^7\.5\.4: CMD13: no byte after CMD13/,
            act: started(async host => {
                await host.send(13, 0, { after: 3 })
                await host.send(13, 0, { before: 0 })
            }),
        },
        {
            title: "a command before the previous answer",
            says: /^7\.5\.4: CMD13 before the answer to CMD13/,
            options: { responseDelayBytes: 8 },
            act: started(async host => {
                await host.send(13, 0, { after: 2 })
                await host.send(13)
            }),
        },
        {
            title: "a deselect before the answer",
            says: /^7\.5\.4: CMD13 .* before its answer/,
            options: { responseDelayBytes: 8 },
            act: started(async host => {
                await host.send(13, 0, { after: 8 })
                await host.wire.select(false)
            }),
        },
        {
            title: "a read abandoned early",
            says: /^4\.6\.2\.1: CMD17 .*given up after 0 ms/,
            options: { readDelayBytes: 100 },
            act: started(async host => {
                await host.send(17)
                await host.wire.select(false)
            }),
        },
        {
            title: "an unread data block",
            says: /^7\.2\.3: CMD17 .*before the end of the data block/,
            act: started(async host => {
                await host.send(17, 0, { after: 100 })
                await host.wire.select(false)
            }),
        },
        {
            title: "a command during a data block",
            says: /^7\.2\.3: CMD13 before the data of CMD17/,
            act: started(async host => {
                await host.send(17, 0, { after: 100 })
                await host.send(13)
            }),
        },
        {
            title: "a clock that stops with the last bit of a block",
            says: /^4\.4: no 8 clocks/,
            act: started(async host => {
                // NCR 1, R1, NAC 2, token, block, checksum.
                await host.send(17, 0, { after: 1 + 1 + 2 + 1 + 514 })
                await host.wire.select(false)
                await host.wire.select(true)
            }),
        },
        {
            title: "a data block immediately after R1",
            says: /^7\.5\.4: CMD24 .* a token at once/,
            act: started(async host => {
                await host.send(24, 0, { after: 2 })
                await host.bytes([0xfe])
            }),
        },
        {
            title: "the multiple block token for a single block",
            says: /^7\.3\.3\.2: CMD24 .*0xfc is no token/,
            act: started(async host => {
                await host.send(24)
                await host.bytes([0xfc])
            }),
        },
        {
            title: "a write without its data",
            says: /^7\.2\.4: CMD24 .*waits for its data block/,
            act: started(async host => {
                await host.send(24)
                await host.wire.select(false)
            }),
        },
        {
            title: "a command to a busy card",
            says: /^7\.2\.4: CMD13 to a card that is busy/,
            options: { busyBytes: 100 },
            act: started(async host => {
                await host.send(24)
                await host.block(0xfe, [...filled(1)])
                await host.send(13)
            }),
        },
        {
            title: "a write without a status read afterwards",
            says: /^7\.2\.4: CMD17 .* before CMD13/,
            act: started(async host => {
                await host.send(24)
                await host.block(0xfe, [...filled(1)])
                await host.send(17, 0, { after: 540 })
            }),
        },
        {
            title: "a damaged block with CRC on",
            says: /^7\.2\.2: CMD24 .*CRC-16/,
            act: started(async host => {
                await host.send(59, 1)
                await host.send(24)
                await host.block(0xfe, [...filled(1)], 0xffff)
            }),
        },
        {
            title: "a multiple block read without a stop",
            says: /^7\.2\.3: CMD18 .*before it was stopped/,
            act: started(async host => {
                await host.send(18, 0, { after: 1100 })
                await host.wire.select(false)
            }),
        },
    ]
    for (const { title, says, options, act } of breaches)
        it(`sees ${title}`, async () => {
            const { wire, chip } = wired(options)
            await act(new RawSdHost(wire), chip)
            expect(wire.hostFaults).toContainEqual(expect.stringMatching(says))
        })

    const cardBreaches: {
        title: string
        says: RegExp
        options?: SdCardOptions
        bus?: (chip: SdCardChip) => SpiBus
    }[] = [
        {
            title: "data immediately after R1",
            says: /^7\.5\.4: CMD17 .*NAC/,
            options: { readDelayBytes: 0 },
        },
        {
            title: "a late answer",
            says: /^7\.5\.4: .*no answer within 8/,
            options: { responseDelayBytes: 9 },
        },
        {
            title: "an answer without a preceding byte",
            says: /^7\.5\.4: .*without a byte before/,
            options: { responseDelayBytes: 0 },
        },
        {
            title: "a damaged block from the card",
            says: /^4\.5: CMD17 .*CRC-16/,
            bus: tampered(17, { 100: 0x55 }),
        },
        {
            title: "a card back in the idle state",
            says: /^7\.3\.2\.1: CMD17 .*idle state/,
            bus: tampered(17, { 1: 0x01 }),
        },
        {
            title: "an invalid data response",
            says: /^7\.3\.3\.1: CMD24 .*is no data response/,
            bus: (chip: SdCardChip) => {
                const bus = new ChipSpiBus(chip)
                const transfer = bus.transfer.bind(bus)
                bus.transfer = async out => {
                    const back = await transfer(out)
                    if (out[1] === 0xfe) back[516] = 0xfe
                    return back
                }
                return bus
            },
        },
    ]
    for (const { title, says, options, bus } of cardBreaches)
        it(`sees ${title}`, async () => {
            const { wire } = wired({ type: "SDHC", ...options }, undefined, bus)
            const host = new RawSdHost(wire)
            await host.start().catch((): void => undefined)
            await host.send(17, 1, { after: 600 })
            await host.send(24, 1)
            await host.block(0xfe, [...filled(1)])
            expect(wire.cardFaults).toContainEqual(expect.stringMatching(says))
        })
})
