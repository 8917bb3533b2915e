import { flagsUp, knownAlarms } from "./alarms"
import type { FleetBoard } from "./fleet"

/** Escapes text for HTML. */
function escaped(text: string): string {
    return text.replace(/[&<>"']/g, one => `&#${one.charCodeAt(0)};`)
}

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums }
body { max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .4rem .75rem .4rem 0; border-top: 1px solid #8884; vertical-align: top }
thead th { border: 0; font-weight: 500; opacity: .75 }
.bad { color: light-dark(#b3261e, #ff9287) }
`

const heads =
    "Board,Last record,Silent for,Charge,Flags at the end,Largest spread,Gaps,Days,Last file"

function localTime(seconds: number, offsetMinutes: number): string {
    const text = new Date((seconds + offsetMinutes * 60) * 1000).toISOString()
    return text.slice(0, 19).replace("T", " ")
}

function hours(seconds: number): string {
    const whole = Math.max(0, Math.round(seconds / 3600))
    return whole < 48 ? `${whole} h` : `${Math.round(whole / 24)} d`
}

function rowOf(board: FleetBoard, nowSeconds: number): string {
    const flags = flagsUp(board.flags, knownAlarms).map(one => one.name)
    const twin = board.twin ? ' <strong class="bad">two boards with this name</strong>' : ""
    const cells = [
        localTime(board.lastSeconds, board.offsetMinutes),
        hours(nowSeconds - board.lastSeconds),
        board.chargePercent === undefined ? "" : `${board.chargePercent.toFixed(1)} %`,
        flags.join(", ") || "none",
        `${Math.round(board.spread * 1000)} mV`,
        String(board.gaps),
        String(board.days),
        board.lastPath,
    ]
    const data = cells.map((text, i) => {
        const bad = i === 3 && flags.length > 0 ? ' class="bad"' : ""
        return `<td${bad}>${escaped(text)}</td>`
    })
    return `<tr><th scope="row">${escaped(board.serial)}${twin}</th>${data.join("")}</tr>`
}

/** The fleet as one HTML document, which loads nothing. */
export function fleetReport(boards: readonly FleetBoard[], nowSeconds: number): string {
    const policy = "default-src 'none'; style-src 'unsafe-inline'"
    return [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        `<title>BMS Mini fleet</title><style>${style}</style></head><body>`,
        `<h1>${boards.length} ${boards.length === 1 ? "board" : "boards"}</h1>`,
        `<p>As of ${localTime(nowSeconds, 0)} UTC; each board's times are its own.</p>`,
        `<table><thead><tr>${heads
            .split(",")
            .map(head => `<th scope="col">${head}</th>`)
            .join("")}</tr></thead><tbody>`,
        ...boards.map(board => rowOf(board, nowSeconds)),
        "</tbody></table></body></html>",
        "",
    ].join("\n")
}
