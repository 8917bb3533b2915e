import { note } from "./notes"

// The part of the exercise with classes that call each other.

class Motor {
    private speed = 0
    private readonly history: number[] = []
    constructor(readonly limit: number) {}
    turn(by: number, loud = false): number {
        this.set(this.speed + by)
        if (loud) this.note("loud")
        return this.speed
    }
    private set(speed: number): void {
        this.note("set")
        this.speed = speed > this.limit ? this.limit : speed
    }
    private note(name: string): void {
        this.history.push(note(name, this.speed))
    }
    stop(): string {
        const before = this.speed
        this.speed = 0
        return "motor at " + before
    }
    told(): string {
        const tell = this.summary
        const twice = () => tell() + tell()
        return twice() + tell()
    }
    summary(): string {
        return this.history.length + " turns"
    }
}

class Pump {
    level = 5
    fill(by: number): string {
        note("fill", by)
        const before = this.check(note("by", by), note("times", 2))
        return before + this.check(this.level, by)
    }
    private check(by: number, times: number): string {
        note("check", by)
        this.level = this.level + by * times
        return this.level + ","
    }
    stop(): string {
        return "pump at " + this.level
    }
}

abstract class Gear {
    constructor(
        protected readonly motor: Motor,
        protected readonly pump: Pump,
    ) {}
    abstract ratio(): number
    private both(): string {
        return this.motor.stop() + ", " + this.pump.stop()
    }
    shift(by: number): string {
        return this.ratio() * this.motor.turn(by * this.ratio()) + " " + this.both()
    }
}

class LowGear extends Gear {
    override ratio(): number {
        return 1
    }
}

class HighGear extends Gear {
    override ratio(): number {
        return this.step(2)
    }
    private step(by: number): number {
        return by + this.pump.level
    }
}

function missingReceiver(pump: Pump, log: string[]): string {
    try {
        log.push("before")
        const text = pump.stop() + pump.fill(1)
        log.push("never")
        return text
    } catch (e) {
        return (e as Error).name + " after " + log.join()
    }
}

function makeCounterOnce(start: number): () => number {
    let count = start
    const step = () => {
        const twice = () => (count += 2)
        return twice() + count++
    }
    step()
    return step
}

function makeCounterInLoop(start: number): () => number {
    let count: number
    const step = () => {
        count = count === undefined ? start : count + 1
        return count
    }
    return step
}

export function machines(): string {
    const motor = new Motor(9)
    const pump = new Pump()
    const gears: Gear[] = [new LowGear(motor, pump), new HighGear(motor, pump)]
    let text = motor.told() + " " + motor.turn(300, true) + " "
    for (const gear of gears) text += gear.shift(3) + "; "
    const plain = { stop: () => "plain", level: 3 }
    text += plain.stop() + " " + missingReceiver(undefined, []) + " " + missingReceiver(pump, [])
    const counter = makeCounterOnce(10)
    const counters: (() => number)[] = []
    for (let i = 0; i < 3; i++) counters.push(makeCounterInLoop(i * 10))
    text += " " + counter() + " " + counter()
    for (const one of counters) text += " " + one() + one()
    return text + " " + new HighGear(motor, pump).shift(1) + motor.told()
}
