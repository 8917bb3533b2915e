import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { projectFolder } from "../../tools/firmware"

/** A fault injected into the firmware, to check that the judge finds it. */
export interface Mutant {
    /** The promise it breaks. */
    promise: string
    file: string
    /** Occurs once in the file. */
    from: string
    to: string
    /** Only lives with a scheduled reset can show it. */
    scheduled?: boolean
}

const copied = ["src", "services", "boards", "tools", "optimizer", "sim", "console", "types"]
const copiedFiles = ["devicescript.json", "devsconfig.json", "package.json", "tsconfig.json"]

/**
 * Compiles the simulator's firmware with a fault in it, in a copy of the project.
 * @returns the image's path, and a function that removes the copy
 */
export function buildMutant({ file, from, to }: Mutant): { image: string; remove: () => void } {
    const folder = mkdtempSync(join(tmpdir(), "bms-mutant-"))
    const remove = () => rmSync(folder, { recursive: true, force: true })
    for (const name of [...copied, ...copiedFiles])
        cpSync(join(projectFolder, name), join(folder, name), { recursive: true })
    symlinkSync(join(projectFolder, "node_modules"), join(folder, "node_modules"))
    const path = join(folder, file)
    const source = readFileSync(path, "utf8")
    if (source.split(from).length !== 2) {
        remove()
        throw new Error(`${file} does not have this once: ${from}`)
    }
    writeFileSync(
        path,
        source.replace(from, () => to),
    )
    const script = `
        import { firmware, readManifest } from "./tools/firmware"
        firmware(readManifest().entries.simulator).then(program => console.log(program.imagePath))`
    writeFileSync(join(folder, "build.ts"), script)
    const tsx = join(projectFolder, "node_modules", ".bin", "tsx")
    const built = spawnSync(tsx, ["build.ts"], { cwd: folder, encoding: "utf8" })
    if (built.status !== 0) {
        remove()
        throw new Error(`the mutant of ${file} does not compile: ${built.stdout}${built.stderr}`)
    }
    return { image: built.stdout.trim().split("\n").at(-1)!, remove }
}

/** Each breaks one promise of the README or docs/reference. */
export const mutants: Mutant[] = [
    {
        promise: "a record is on the card once",
        file: "src/logs/cardlogs.ts",
        from: "            await place.file.append(Buffer.from(record.line))\n",
        to: "            await place.file.append(Buffer.from(record.line))\n            if (record.epochSeconds % 30 === 0) await place.file.append(Buffer.from(record.line))\n",
    },
    {
        promise: "each multiple of the period has its record",
        file: "src/logs/logger.ts",
        from: "if (release > this.lastSeconds || now",
        to: "if ((release > this.lastSeconds && release % 20 !== 0) || now",
    },
    {
        promise: "records wait while the card is out",
        file: "src/logs/logger.ts",
        from: "            this.tell(thrown)\n        }\n        this.reportLosses()",
        to: "            this.queue.drop(this.queue.first(LogKind.Main))\n        }\n        this.reportLosses()",
    },
    {
        promise: "a file begins with its columns",
        file: "src/logs/logplace.ts",
        from: 'openForAppend(path, firstLine + "\\r\\n", accepts)',
        to: 'openForAppend(path, "", accepts)',
    },
    {
        promise: "a record is in the file of its day",
        file: "src/logs/cardlogs.ts",
        from: "if (!place.file || place.day !== day ||",
        to: "if (!place.file ||",
    },
    {
        promise: "a record that was written survives a power cut",
        file: "src/logs/logger.ts",
        from: "if (this.queue.count() === 0 && this.events",
        to: "if (this.queue.count() < 12 && this.events",
    },
    {
        promise: "what follows a recorded size is found again",
        file: "src/logs/cardlogs.ts",
        from: "for (const path of volume.left) await this.takeIn(volume, path)",
        to: "",
    },
    {
        promise: "times are local",
        file: "src/logs/record.ts",
        from: "const local = epochSeconds + offsetMinutes * 60\n    return `",
        to: "const local = epochSeconds - offsetMinutes * 60\n    return `",
    },
    {
        promise: "the offset belongs to the time",
        file: "src/clock/clock.ts",
        from: "return offsetMinutesAt(this.rule, epochSeconds)",
        to: "return offsetMinutesAt(this.rule, epochSeconds - 14400)",
    },
    {
        promise: "the lowest cell is the lowest",
        file: "src/logs/record.ts",
        from: "            cells[lowest],\n            cells[highest],",
        to: "            cells[highest],\n            cells[lowest],",
    },
    {
        promise: "the numbers of lowest cells start at 1",
        file: "src/logs/record.ts",
        from: "            lowest + 1,",
        to: "            lowest,",
    },
    {
        promise: "a byte counts as sent when the server has it",
        file: "src/upload/ftp.ts",
        from: "            const start = await startOf(this, shipment, there, handovers === 1)\n",
        to: "            const start = await startOf(this, shipment, there, handovers === 1)\n            await shipment.noteArrived(size)\n",
    },
    {
        promise: "the server's file is the card's",
        file: "src/upload/shipment.ts",
        from: "        this.position = start\n",
        to: "        this.position = start > 64 ? start - 1 : start\n",
    },
    {
        promise: "everything logged is sent",
        file: "src/upload/sender.ts",
        from: "if (file.sentBytes >= file.sizeBytes ||",
        to: "if (file.sentBytes + 300 >= file.sizeBytes ||",
    },
    {
        promise: "the journal's numbers continue across resets",
        file: "src/journal/journal.ts",
        from: "if (sequence <= last) continue",
        to: "if (sequence > 0) continue",
    },
    {
        promise: "an entry has the time at which it was made",
        file: "src/journal/journal.ts",
        from: 'entry.setAt(At.Time, "u32", epochSeconds)',
        to: 'entry.setAt(At.Time, "u32", epochSeconds - 60)',
    },
    {
        promise: "each entry is one line of the card's events",
        file: "src/logs/logger.ts",
        from: "this.events || (await this.findEvent(volume, last, oldest))",
        to: "this.events || 0",
    },
    {
        promise: "an error is entered once",
        file: "src/journal/alarms.ts",
        from: "        this.entered ^= mask\n        if (marks",
        to: "        if (bit !== 16) this.entered ^= mask\n        if (marks",
    },
    {
        promise: "an error that clears is entered too",
        file: "src/journal/alarms.ts",
        from: "if (differs && nowMs",
        to: "if (differs && (this.reported & mask) !== 0 && nowMs",
    },
    {
        promise: "each threshold raises its flag",
        file: "src/journal/alarms.ts",
        from: "        const before = this.reported\n",
        to: "        if (alarm === Alarm.CellOvervoltage) return\n        const before = this.reported\n",
    },
    {
        promise: "an error that persists over a start is not entered again",
        file: "src/journal/alarms.ts",
        from: "        this.entered = journal.lastFlags\n",
        to: "        this.entered = 0\n",
    },
    {
        promise: "a setting is in flash before the answer",
        file: "src/settings/settings.ts",
        from: 'else await this.flash.write(flashKey("s", index), Buffer.from(text))',
        to: 'else if (index !== 1) await this.flash.write(flashKey("s", index), Buffer.from(text))',
    },
    {
        promise: "a setting stays under its own key",
        file: "src/settings/settings.ts",
        from: 'formatLine(place[1], "" + this.values[key])',
        to: 'formatLine(place[1], "" + this.values[key === Key.FtpPeriod ? Key.FtpPort : key])',
    },
    {
        promise: "a password is never printed",
        file: "src/upload/sender.ts",
        from: 'this.log("ftp: logged in")',
        to: 'this.log("ftp: logged in, " + this.settings.text(Key.FtpPassword))',
    },
    {
        promise: "a start reports its cause",
        file: "src/tasks/supervisor.ts",
        from: "            await this.store(cause, 0)\n",
        to: "            await this.store(StartCause.Uptime, 0)\n",
    },
    {
        promise: "the board never resets on its own",
        file: "src/tasks/supervisor.ts",
        from: "const uptimeMsMax = 3888000000",
        to: "const uptimeMsMax = 150000",
    },
    {
        promise: "the scheduled reset comes at its time",
        file: "src/tasks/supervisor.ts",
        from: "const momentSeconds = today * secondsPerDay + timeMinutes * 60",
        to: "const momentSeconds = today * secondsPerDay + timeMinutes * 60 + 150",
        scheduled: true,
    },
    {
        promise: "a scheduled reset happens at all",
        file: "src/tasks/supervisor.ts",
        from: "return daysAhead < 0 || daysAhead > daysAheadMax",
        to: "return daysAhead < 0 && days < 0",
        scheduled: true,
    },
    {
        promise: "the chip keeps the time that was set",
        file: "src/clock/clock.ts",
        from: "        await this.writeChip()\n        if (jumped",
        to: "        if (jumped",
    },
    {
        promise: "heap stays flat",
        file: "src/logs/logger.ts",
        from: "            await this.queueRecords(release)\n",
        to: "            await this.queueRecords(release)\n            const leaking: any = this\n            leaking.kept = [leaking.kept, Buffer.alloc(700)]\n",
    },
    {
        promise: "other people's files stay as they are",
        file: "src/fat/table.ts",
        from: "if ((await this.entry(first)) === 0) return first",
        to: "if ((await this.entry(first)) === 0) return first === 9 ? 3 : first",
    },
]
