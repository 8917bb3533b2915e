import { runHeap } from "../../bench/heap"

// A board in full use for a day, or the given hours: the least heap left, hour by hour. Usage: npm
// run heapday -- [hours] [seed]

const [hours = 24, seed = 1] = process.argv.slice(2).map(Number)
if (!(hours > 0 && seed >= 0)) throw new Error("usage: npm run heapday -- [hours] [seed]")

// jacdac-ts reports its connections here.
console.debug = () => {}

console.log("hour  live at most  free at least  largest piece of it at least  sessions  lines")
const end = await runHeap({ cpu: "esp32", seed, minutes: hours * 60 }, (hour, figures) => {
    const { peakBytes, freeBytesMin, largestFreeMin, logins, lines } = figures
    const cells = [peakBytes, freeBytesMin, largestFreeMin, logins, lines]
    const widths = [12, 13, 28, 8, 5]
    const row = cells.map((cell, i) => String(cell).padStart(widths[i] + 2)).join("")
    console.log(String(hour).padStart(4) + row)
})
if (end.panics > 0) console.log(`the program died: ${end.panics} times`)
process.exit(end.panics > 0 ? 1 : 0)
