import { expect, it, vi } from "vitest"
import { generator } from "../../../sim/random"
import { defaultNetwork } from "../../../sim/wifi/air"
import { WifiBoard } from "../../support/wifiboard"
import { WifiBoards } from "../../support/wifiboards"

vi.mock("@devicescript/core", async () => (await import("../../support/wifinatives")).natives)

const { name, password } = defaultNetwork

const boards = new WifiBoards()

interface Life {
    board: WifiBoard
    /** Number of changes of the settings. */
    changes: number
}

/**
 * A random life of the network and its settings, then a time without faults, after which the board
 * must be in its network.
 */
async function live(seed: number): Promise<Life> {
    const random = generator(seed)
    const pick = <T>(choices: readonly T[]) => choices[Math.floor(random() * choices.length)]
    const board = boards.fresh(seed, { abortedScanReports: seed % 4 === 0 })
    const networks = [name, "other", "open"]
    let changes = 0
    const set = (ssid: string, psk = board.password) => {
        if (ssid === board.ssid && psk === board.password) return
        changes++
        board.set(ssid, psk)
    }
    // Half of the boards never get a password.
    const secret = (psk: string) => (seed % 2 ? "" : psk)
    const acts = [
        () => set(pick([name, "other", "open", "", "nowhere"])),
        () => set(name, secret(password)),
        () => set("other", secret("its password")),
        () => set("open", ""),
        () => set("open", ""),
        () => set(board.ssid, secret(pick(["", password, "its password", "not this one"]))),
        () => board.air.setPower(random() < 0.6),
        () => board.air.setInRange(pick(networks), random() < 0.6),
        () => board.air.setHidden(pick(networks), random() < 0.3),
        () => board.air.setDhcpMs(pick([undefined, 3000, 10_000])),
        () => {
            // Only the program's memory knows that the next address may belong to the previous
            // network.
            const { doubtful } = board.wifi as unknown as { doubtful: boolean }
            if (!doubtful && !board.keeper.changed) board.restartProgram()
        },
        () => {
            board.runtime.powerUp()
            board.restartProgram()
        },
    ]
    for (let times = 0; times < 25; ++times) {
        pick(acts)()
        await board.seconds(random() < 0.5 ? random() * 4 : random() * 60)
    }
    board.air.setPower(true)
    board.air.setDhcpMs(undefined)
    for (const network of networks) {
        board.air.setInRange(network, true)
        board.air.setHidden(network, false)
    }
    await board.seconds(150)
    return { board, changes }
}

it("ends in the network of its settings after any life, without surplus resets", async () => {
    const passwords: Record<string, string> = { [name]: password, other: "its password", open: "" }
    const joins = { open: 0, secured: 0 }
    for (let seed = 1; seed <= 500; ++seed) {
        const { board, changes } = await live(seed)
        const network = board.driver.network
        const open = board.password === ""
        let right = passwords[board.ssid] === board.password
        // The program ended between its note and the reset, or a password was stored before.
        if (open && (board.aborts.length < board.restarts.length || board.stored.psk)) right = false
        if (right) expect(network, `seed ${seed}`).toBe(board.ssid)
        // A wrong password set right before a restart: the runtime keeps using the right one.
        else if (network !== "") expect(network, `seed ${seed}`).toBe(board.ssid)
        expect(board.wifi.network(), `seed ${seed}`).toBe(network)
        expect(board.resets, `seed ${seed}`).toBe(board.aborts.length)
        expect(board.aborts.length, `seed ${seed}`).toBeLessThanOrEqual(board.restarts.length)
        expect(board.restarts.length, `seed ${seed}`).toBeLessThanOrEqual(changes)
        if (right) joins[open ? "open" : "secured"]++
    }
    expect(joins.open).toBeGreaterThan(50)
    expect(joins.secured).toBeGreaterThan(50)
}, 120_000)
