import { describe, expect, it } from "vitest"
import { Fault, FaultCode } from "../../../src/core/fault"
import { formatVolume } from "../../../src/fat/format"
import { Storage } from "../../../src/fat/storage"
import { reserveClusters, Volume } from "../../../src/fat/volume"
import { Lock } from "../../../src/core/lock"
import { MemoryStore } from "../../../sim/chips/sdcardstore"
import { Chance } from "../../../sim/random"
import { FakeTicks } from "../../support/faketicks"
import { checkVolume, copyAllOut } from "../../support/fatimage"
import { ForeignFiles } from "../../support/foreignfiles"
import { MemoryBlockDevice } from "../../support/memorycard"
import { bytes } from "../../support/linefiles"
import { hasTool } from "../../support/tools"

// Long searches release the card's lock: what others do meanwhile, and how the search continues.

const tools = hasTool("fsck.fat") && hasTool("mcopy")

/** A block device whose reads take time, as on a card. */
class TimedDevice extends MemoryBlockDevice {
    constructor(
        store: MemoryStore,
        private readonly ticks: FakeTicks,
    ) {
        super(store)
    }

    override async readBlock(block: number, into: Buffer): Promise<void> {
        await this.ticks.sleep(3)
        await super.readBlock(block, into)
    }
}

class Desk {
    readonly ticks = new FakeTicks()
    readonly lock = new Lock(this.ticks, "the card")
    readonly device: TimedDevice
    readonly storage: Storage
    /** The longest wait for the card. */
    waitedMs = 0

    constructor(store: MemoryStore) {
        this.device = new TimedDevice(store, this.ticks)
        this.storage = new Storage(
            async () => this.device,
            async (owner, work) => {
                const askedMs = this.ticks.nowMs()
                return await this.lock.run(owner, 1e9, async () => {
                    this.waitedMs = Math.max(this.waitedMs, this.ticks.nowMs() - askedMs)
                    return await work()
                })
            },
            this.ticks,
            { set: () => {} },
            () => this.lock.pause(),
        )
    }

    use<T>(owner: string, work: (volume: Volume) => Promise<T>): Promise<T> {
        return this.storage.use(owner, work)
    }

    append(owner: string, path: string, text: string): Promise<void> {
        return this.use(owner, async volume => {
            const file = await volume.openForAppend(path, "", () => false)
            try {
                await file.append(bytes(text))
            } finally {
                await file.close()
            }
        })
    }
}

/**
 * A card with foreign files in its root; with `free` only this many clusters at its end are free.
 */
async function crowded(mebibytes: number, files: number, free?: number): Promise<MemoryStore> {
    const store = new MemoryStore(mebibytes * 2048)
    await formatVolume(new MemoryBlockDevice(store), "BMSMINI    ")
    const foreign = new ForeignFiles(store)
    const root = foreign.directory()
    for (let i = 0; i < files; ++i) {
        const name = String(i).padStart(4, "0")
        foreign.addFile(root, `PI${name}~1TXT`, "text\n", `picture ${name}.text`)
    }
    if (free !== undefined) foreign.fill(root, "REST    BIN", foreign.free() - free)
    return store
}

/** Writes FSInfo, possibly with wrong numbers; by default both are unknown. */
function tellFree(store: MemoryStore, free = 0xffffffff, hint = 0xffffffff): void {
    const info = Uint8Array.from(store.read(1))
    const view = new DataView(info.buffer)
    view.setUint32(488, free, true)
    view.setUint32(492, hint, true)
    store.write(1, info)
}

describe("during a search for a name among thousands", () => {
    it("others wait for one slice of it, not for all", async () => {
        const desk = new Desk(await crowded(600, 1500))
        const { ticks } = desk
        await ticks.finish(desk.append("logger", "A.TXT", "first\r\n"))
        desk.waitedMs = 0
        const beganMs = ticks.nowMs()
        const search = desk.use("upload", async volume => await volume.open("ABSENT.TXT"))
        let appends = 0
        let done = false
        const others = (async () => {
            while (!done) {
                await desk.append("logger", "A.TXT", `line ${appends++}\r\n`)
                await ticks.sleep(100)
            }
        })()
        void search.finally(() => (done = true))
        expect(await ticks.finish(search)).toBeUndefined()
        await ticks.finish(others)
        expect(ticks.nowMs() - beganMs).toBeGreaterThan(800)
        expect(appends).toBeGreaterThan(4)
        expect(desk.waitedMs).toBeLessThan(150)
    })

    it("a change of cards ends the search with a message", async () => {
        const desk = new Desk(await crowded(600, 1500))
        const { ticks } = desk
        const caught = async (work: Promise<unknown>): Promise<Fault> =>
            await ticks.finish(
                work.then(
                    () => Promise.reject(new Error("no fault")),
                    fault => fault,
                ),
            )
        const search = desk.use("upload", async volume => await volume.open("ABSENT.TXT"))
        const ejected = desk.storage.eject()
        expect((await caught(search)).message).toContain("pull the card")
        await ticks.finish(ejected)
        // The card is pulled, and another owner mounts it again.
        desk.device.probe = async () => {
            throw new Fault(FaultCode.CardAbsent, "no card", 0)
        }
        await ticks.finish(desk.storage.poll())
        desk.device.probe = async () => {}
        await ticks.advance(5000)
        const second = desk.use("upload", async volume => await volume.open("ABSENT.TXT"))
        const failing = desk
            .use("card", async () => {
                throw new Fault(FaultCode.CardTimeout, "the card is silent", 0)
            })
            .catch(() => ticks.sleep(3000))
            .then(() => desk.use("card", async () => {}))
        const fault = await caught(second)
        expect([FaultCode.CardTimeout, FaultCode.StaleHandle]).toContain(fault.code)
        await ticks.finish(failing)
        expect(desk.storage.mounted()).toBe(true)
    })

    it("a format lets the search end first", async () => {
        const desk = new Desk(await crowded(600, 1500))
        const log: string[] = []
        const search = desk
            .use("upload", async volume => await volume.open("ABSENT.TXT"))
            .then(() => log.push("searched"))
        await desk.ticks.advance(200)
        const format = desk.storage.format().then(() => log.push("formatted"))
        await desk.ticks.finish(Promise.all([search, format]))
        expect(log).toEqual(["searched", "formatted"])
    })
})

describe("the search for a free cluster", () => {
    it("resumes and lets others work: the last cluster of a card without a hint", async () => {
        const store = await crowded(1100, 20, 3 + reserveClusters)
        tellFree(store)
        const desk = new Desk(store)
        const { ticks } = desk
        let tries = 0
        let waited = 0
        const searching = (async () => {
            for (;;) {
                try {
                    tries++
                    await desk.append("logger", "NEW.TXT", "x".repeat(100))
                    return
                } catch (thrown) {
                    expect((thrown as Fault).code).toBe(FaultCode.VolumeSearching)
                    await ticks.sleep(2000)
                }
            }
        })()
        let done = false
        void searching.finally(() => (done = true))
        const others = (async () => {
            while (!done) {
                await desk.use("upload", async volume => await volume.open("PI0001~1.TXT"))
                waited = Math.max(waited, desk.waitedMs)
                await ticks.sleep(500)
            }
        })()
        await ticks.finish(Promise.all([searching, others]), 1e9)
        expect(waited).toBeLessThan(250)
        // A table of some 2,200 sectors is read once.
        expect(desk.device.reads).toBeLessThan(4000)
        expect(tries).toBeLessThan(5)
    })

    it("is done by the poll, so that a cluster is ready at once", async () => {
        const store = await crowded(1100, 20, 3 + reserveClusters)
        tellFree(store)
        const desk = new Desk(store)
        for (let i = 0; i < 10; ++i) await desk.ticks.finish(desk.storage.poll())
        const before = desk.device.reads
        await desk.ticks.finish(desk.append("logger", "NEW.TXT", "x".repeat(100)))
        expect(desk.device.reads - before).toBeLessThan(20)
    })

    it("does not yield a cluster that a recovery has taken in the meantime", async () => {
        const desk = new Desk(await crowded(600, 20))
        const cluster = await desk.ticks.finish(
            desk.use("test", async ({ table }) => {
                const found = await table.seekFree(1)
                await table.markCluster(found, 0x0fffffff)
                expect(await table.findFree(1)).not.toBe(found)
                return await table.findFree()
            }),
        )
        expect(cluster).toBeGreaterThan(2)
    })

    it("detects a full card even if FSInfo says otherwise", async () => {
        const store = await crowded(600, 20, 0)
        tellFree(store, 1000)
        const desk = new Desk(store)
        const full = desk.append("logger", "NEW.TXT", "text").catch(fault => fault.code)
        expect(await desk.ticks.finish(full)).toBe(FaultCode.VolumeFull)
        const before = desk.device.reads
        const again = desk.append("logger", "NEW.TXT", "text").catch(fault => fault.code)
        expect(await desk.ticks.finish(again)).toBe(FaultCode.VolumeFull)
        expect(desk.device.reads - before).toBeLessThan(100)
    })
})

/**
 * Randomly writes to its own files, removes them and lists the root.
 * @param written gets the expected contents of its files
 */
async function work(
    desk: Desk,
    owner: string,
    random: () => number,
    written: Map<string, string>,
): Promise<void> {
    for (let i = 0; i < 25; ++i) {
        const what = Math.floor(random() * 6)
        const number = Math.floor(random() * 4)
        const path = `${what < 2 ? owner.toUpperCase() + "/" : ""}${owner.toUpperCase()}${number}.TXT`
        try {
            if (what < 4) {
                const line = `${owner} ${i} `.padEnd(60, "x") + "\r\n"
                const text = line.repeat(1 + Math.floor(random() * 60))
                await desk.append(owner, path, text)
                written.set(path, (written.get(path) ?? "") + text)
            } else if (what === 4) {
                await desk.use(owner, async volume => await volume.remove(path))
                written.delete(path)
            } else {
                let count = 0
                await desk.use(owner, async volume => {
                    await volume.sync()
                    await volume.list("", async () => ++count > 0)
                })
                expect(count).toBeGreaterThan(300)
            }
        } catch (thrown) {
            expect((thrown as Fault).code, String(thrown)).toBe(FaultCode.VolumeSearching)
            await desk.ticks.sleep(1000)
        }
        await desk.ticks.sleep(Math.floor(random() * 100) + 1)
    }
}

describe.skipIf(!tools)("interleaved jobs", () => {
    // Most steps need a search: in a crowded root, or for one of the few free clusters.
    for (let seed = 1; seed <= 4; ++seed)
        it(`leave a sound card with everything they wrote (seed ${seed})`, async () => {
            const store = await crowded(600, seed % 2 === 0 ? 900 : 300, 400)
            tellFree(store, seed % 3 === 0 ? undefined : 400)
            const desk = new Desk(store)
            const { ticks } = desk
            const random = new Chance(seed).stream("turns")
            const written = new Map<string, string>()
            const worker = (owner: string) => work(desk, owner, random, written)
            const poll = (async () => {
                for (let i = 0; i < 40; ++i) {
                    await desk.storage.poll()
                    await ticks.sleep(500)
                }
            })()
            await ticks.finish(Promise.all([worker("ann"), worker("bob"), worker("cy"), poll]), 1e9)
            await ticks.finish(desk.storage.sync())
            const check = checkVolume(store)
            expect(check.clean, check.text).toBe(true)
            const texts = copyAllOut(store, [...written.keys()])
            for (const [i, [path, text]] of [...written].entries())
                expect(texts[i] === text, path).toBe(true)
        })
})
