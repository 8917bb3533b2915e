import { signal } from "@preact/signals"
import type { Opening } from "../board/messages"
import { choosePort, knownPorts, openPort, samePort } from "../board/webserial"
import { safeName } from "../model/format"
import { BoardModel } from "../model/board"
import type { Day } from "../days/reader"

/** The page's only board. */
export const model = new BoardModel()

export type ScreenName =
    | "overview"
    | "cells"
    | "service"
    | "journal"
    | "card"
    | "console"
    | "firmware"
    | "simulator"
    | "fleet"

const names = "overview,cells,service,journal,card,console,firmware,simulator,fleet".split(",")
/** These need no board. */
export const freeScreens: ScreenName[] = ["card", "fleet"]

/** The part after the address's #: the screen, and its argument. */
export const route = signal<{ screen: ScreenName | undefined; rest: string }>(parseRoute())

function parseRoute(): { screen: ScreenName | undefined; rest: string } {
    const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/")
    const screen = names.includes(name) ? (name as ScreenName) : undefined
    return { screen, rest: rest.map(decodeURIComponent).join("/") }
}

export function go(screen: ScreenName, rest = ""): void {
    const path = rest.split("/").map(encodeURIComponent).join("/")
    location.hash = `#/${screen}${rest === "" ? "" : "/" + path}`
}

/** The page server's token for commands to the board on this PC; it is removed from the address. */
export const pcToken = takeToken()

function takeToken(): string | undefined {
    const found = /^#token=([0-9a-f]+)$/.exec(location.hash)?.[1]
    if (found) {
        history.replaceState(undefined, "", location.pathname + location.search)
        sessionStorage.setItem("bms-token", found)
        route.value = parseRoute()
    }
    return found ?? sessionStorage.getItem("bms-token") ?? undefined
}

addEventListener("hashchange", () => {
    route.value = parseRoute()
    document.getElementById("content")?.focus({ preventScroll: true })
    scrollTo(0, 0)
})

/** The connection that a reload of the page reopens. */
const wayKey = "bms-way"

export function connectTab(): Promise<void> {
    sessionStorage.setItem(wayKey, "tab")
    return model.connect({ way: "tab", opening: async () => ({ kind: "tab" }) })
}

export function connectPc(): Promise<void> {
    sessionStorage.setItem(wayKey, "socket")
    const url = `${location.origin.replace(/^http/, "ws")}/board?token=${pcToken}`
    return model.connect({ way: "socket", opening: async () => ({ kind: "socket", url }) })
}

/** @param known a port allowed before; else the person is asked */
export async function connectUsb(known?: SerialPort): Promise<void> {
    const chosen = known ?? (await choosePort())
    sessionStorage.setItem(wayKey, "usb")
    await model.connect({
        way: "usb",
        opening: async (): Promise<Opening> => await openPort(await samePort(chosen)),
    })
}

export async function disconnect(): Promise<void> {
    sessionStorage.removeItem(wayKey)
    location.hash = ""
    await model.disconnect()
}

/** Restores the connection after a reload. */
export async function connectAgain(): Promise<void> {
    const way = sessionStorage.getItem(wayKey)
    if (way === "tab") await connectTab()
    else if (way === "socket" && pcToken) await connectPc()
    else if (way === "usb") {
        const ports = await knownPorts()
        if (ports.length === 1) await connectUsb(ports[0])
    }
}

/** An open file, from the board or from this computer. */
export interface OpenFile {
    /** Including its folder, if known. */
    path: string
    bytes: number
    day: Day
    /** From this computer, not of the connected board. */
    local: boolean
}

/** Files opened in this page, by path. */
export const openFiles = signal<ReadonlyMap<string, OpenFile>>(new Map())

/** A question with two answers. */
export interface Question {
    text: string
    yes: string
    no?: string
    answer: (yes: boolean) => void
}

export const question = signal<Question | undefined>(undefined)

/** Asks the person; false for no and for a closed dialog. */
export function ask(text: string, yes: string, no?: string): Promise<boolean> {
    return new Promise(resolve => {
        question.value = {
            text,
            yes,
            no,
            answer: said => {
                question.value = undefined
                resolve(said)
            },
        }
    })
}

/** Shows a message for some seconds, also to screen readers. */
export const notice = signal("")
let noticeTimer: ReturnType<typeof setTimeout> | undefined

export function say(text: string): void {
    notice.value = text
    clearTimeout(noticeTimer)
    noticeTimer = setTimeout(() => (notice.value = ""), 6_000)
}

export function saveFile(name: string, content: BlobPart): void {
    const url = URL.createObjectURL(new Blob([content]))
    const link = document.createElement("a")
    link.href = url
    link.download = safeName(name)
    link.click()
    setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
