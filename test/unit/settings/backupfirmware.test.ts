import { beforeEach, expect, test } from "vitest"
import { formattedStore, mountStore } from "../../support/cardstore"
import { DeviceBuffer } from "../../support/devicebuffer"
import { forgedCopy, settingsValue } from "../../support/forgedcopy"
import { blankStore } from "../../support/memorycard"
import { NodeBoard } from "../../support/nodeboard"

// The whole firmware and the backup on its card: what it trusts and what it reports.

const evil = {
    sk: settingsValue("0", "evil.example"),
    sn: settingsValue("0", "evil.example:80"),
    sb: settingsValue("0", "1"),
    sj: "",
}

let board: NodeBoard

beforeEach(async () => {
    const card = await formattedStore(64)
    board = await new NodeBoard({ start: "2027-01-04T02:30:00Z", card }).start()
    for (const line of ["user.serial PACK-7", "ftp.host files.example", "ftp.password sesame"])
        expect(await board.console("set " + line)).toBe("ok\n")
    expect(await board.console("passwd guarded")).toBe("ok\n")
    await board.live(70)
})

async function putOnCard(name: string, content: Uint8Array): Promise<void> {
    const volume = await mountStore(board.card!)
    await volume.remove(name)
    const file = await volume.openForAppend(name, "")
    await file.append(DeviceBuffer.from(content) as never)
    await file.syncEntry()
}

async function start(): Promise<string[]> {
    board.lines.length = 0
    await board.start()
    await board.live(10)
    return board.lines
}

test.each([
    ["BMSMINI.BAK", 33],
    ["BMSMINI.BA2", 32],
])("a forged %s changes nothing on an intact board", async (name, generation) => {
    await putOnCard(name, forgedCopy(generation, evil))
    const lines = await start()
    expect(lines).toContain(name + " was not made on this flash: left alone")
    expect(await board.console("set ftp.enable on")).toContain("log in")
    await board.console("login guarded")
    expect(await board.console("show ftp")).toMatch(/ftp\.host +files\.example /)
    expect(await board.console("show ftp.password")).toMatch(/ set /)
    const status = await board.console("status")
    expect(status).toMatch(/^alarms (?!.*SETTINGS)/m)
    expect(status).toContain("was not made on this flash")
    expect(await board.console("journal")).not.toContain("SETTINGS")
})

test("a restored empty flash is reported, with an alarm until a setting changes", async () => {
    board.flash.values.clear()
    const lines = await start()
    expect(lines).toContain(
        "the flash was empty or old: restored from the card; check ftp.host and ftp.gateway, then set the passwords again",
    )
    expect(await board.console("show user.serial")).toContain("PACK-7")
    expect(await board.console("show ftp.password")).toContain("not set")
    expect(await board.console("status")).toMatch(/^alarms .*SETTINGS/m)
    expect(await board.console("journal")).toContain("SETTINGS appeared")
    await board.console("set ftp.password sesame")
    await board.live(5)
    expect(await board.console("status")).toMatch(/^alarms (?!.*SETTINGS)/m)
    expect(await board.console("journal")).toContain("SETTINGS disappeared")
})

test("a board started without its card takes the copy later, unless configured again", async () => {
    const card = board.card!
    for (const setUp of [false, true]) {
        board.flash.values.clear()
        board.insert(blankStore(64))
        await start()
        if (setUp) await board.console("set user.serial NEW-1")
        board.insert(card)
        await start()
        const serial = setUp ? "NEW-1" : "PACK-7"
        expect(await board.console("show user.serial"), `set up: ${setUp}`).toContain(serial)
    }
})
