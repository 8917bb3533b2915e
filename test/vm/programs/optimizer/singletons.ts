import * as ds from "@devicescript/core"

// Objects made once, and everything that may hide them from the optimizer.

class Clock {
    ticks = 0
    onTick: (now: number) => void
    constructor(readonly stepMs: number) {}
    next(): number {
        this.ticks++
        if (this.onTick) this.onTick(this.ticks * this.stepMs)
        return this.ticks * this.stepMs
    }
}

class Store {
    readonly lines: string[] = []
    last: string
    constructor(
        private readonly clock: Clock,
        readonly name: string,
    ) {}
    add(line: string): void {
        this.last = line
        this.lines.push(this.clock.next() + " " + line)
    }
}

/** Its instances share field names with the only Store. */
class Line {
    last: string
    constructor(
        readonly name: string,
        private readonly store: Store,
    ) {}
    write(text: string): string {
        this.last = text
        this.store.add(this.name + "=" + text)
        return this.last + "/" + this.store.last
    }
}

/** Reads its own field before it is set, and lets others do so. */
class Early {
    before: string
    value: number
    seen: string
    constructor(look: (early: Early) => string) {
        this.before = "" + this.value
        this.seen = look(this)
        this.value = 5
    }
}

class Fragile {
    size: number
    constructor(size: number) {
        if (size < 0) throw new Error("too small")
        this.size = size
    }
}

/** Made once, but its fields are read by computed names. */
class Bag {
    apples = 3
    pears = 4
}

/** Made once, and printed as a whole. */
class Printed {
    width = 7
    height = 8
}

class Base {
    kind = "base"
    constructor(readonly weight: number) {}
    describe(): string {
        return this.kind + this.weight
    }
}

class Derived extends Base {
    extra = 1
    constructor() {
        super(12)
        this.kind = "derived"
    }
}

class Twin {
    value = 0
    constructor(readonly name: string) {}
}

class Turn {
    constructor(readonly index: number) {}
}

function twin(name: string): Twin {
    return new Twin(name)
}

/** Holds objects that one line makes several times. */
class Several {
    left: Twin
    right: Twin
    first: Turn
    last: Turn
    small: { size: number }
    large: { size: number }
    constructor() {
        this.left = twin("left")
        this.right = twin("right")
        this.left.value = 3
        for (let i = 0; i < 3; i++) {
            const turn = new Turn(i)
            const sized = { size: i * i }
            if (i === 0) {
                this.first = turn
                this.small = sized
            }
            this.last = turn
            this.large = sized
        }
    }
    tell(): string {
        const twins = this.left.name + this.left.value + this.right.name + this.right.value
        return twins + this.first.index + this.last.index + this.small.size + this.large.size
    }
}

/** Returned by a function that another object keeps. The optimizer meets its call first. */
class Panel {
    lamps = 0
    wires = 3
    light(): number {
        this.lamps++
        return this.lamps * this.wires
    }
}

class Desk {
    constructor(private readonly hand: () => Panel) {}
    work(): number {
        const panel = this.hand()
        return panel.light() + panel.lamps
    }
    begin(): string {
        return "desk " + this.work() + " " + this.work()
    }
}

class House {
    store: Store
    late: Store
    early: Early
    spare: Line
    pick: (line: string) => string = upper
    private opened = 0
    constructor(readonly clock: Clock) {
        const self = this
        const watch = () => (self.late ? "late " + self.late.name : "not yet")
        console.log("watch " + watch())
        this.store = new Store(clock, "main")
        this.early = new Early(early => typeof early.value + " " + early.before)
        console.log("watch " + watch())
        fails("late", () => console.log(self.late.name))
        this.late = this.store
        console.log("watch " + watch())
    }
    open(times: number): number {
        for (let i = 0; i < times; i++) this.opened += i
        return this.opened
    }
}

function upper(line: string): string {
    return "<" + line + ">"
}

function fails(title: string, work: () => void): void {
    try {
        work()
        console.log(title + " passed")
    } catch (thrown) {
        console.log(
            title + " " + (thrown instanceof TypeError ? "TypeError" : (thrown as Error).message),
        )
    }
}

/** All calls pass the same clock but different rates. Only some pass a unit. */
function rate(clock: Clock, perTick: number, unit?: string): string {
    const all = clock.ticks * perTick
    perTick = perTick + 1
    return all + (unit || "x") + perTick
}

function countDown(from: number, unused: number, step: number): number {
    return from <= 0 ? from : countDown(from - step, unused + 1, step)
}

function field(bag: any, name: string): number {
    return bag[name]
}

function total(bag: any): string {
    let text = ""
    for (const name of Object.keys(bag)) text += name + bag[name] + " "
    return text
}

const commands: ((house: House, word: string) => string)[] = [
    (house, word) => house.store.name + word,
    (house, word) => "" + house.clock.ticks + word,
]

function lines(house: House): Line[] {
    const made: Line[] = []
    for (let i = 0; i < 2; i++) made.push(new Line("line" + i, house.store))
    return made
}

function literals(count: number): string {
    const all: { size: number; next?: { size: number } }[] = []
    for (let i = 0; i < count; i++) all.push({ size: i })
    for (let i = 1; i < count; i++) all[i - 1].next = all[i]
    return "" + all[0].size + all[0].next.size + all[1].next.size + all[2].next
}

function run(house: House): void {
    const { store, clock } = house
    const [first, second] = lines(house)
    console.log(first.write("a") + " " + second.write("b") + " " + first.last)
    console.log(store.lines.join(";") + " " + (store === house.late) + (store instanceof Store))
    console.log("early " + house.early.before + house.early.seen + house.early.value)
    clock.onTick = now => console.log("tick " + now)
    console.log("next " + clock.next())
    clock.onTick = undefined
    console.log("next " + clock.next())
    console.log(rate(clock, 2) + rate(clock, 3, "y") + " " + countDown(7, 0, 2))
    console.log(house.pick("one") + house.open(4))
    house.pick = line => "[" + line + "]"
    console.log(house.pick("two") + house.open(2))
    for (const command of commands) console.log("command " + command(house, "!"))
    fails("spare", () => console.log(house.spare.last))
    fails("spare call", () => console.log(house.spare.write("c")))
    house.spare = second
    fails("spare", () => console.log(house.spare.last + house.spare.name))
}

function begin(): void {
    run(new House(new Clock(10)))
    furnish()
}

function furnish(): void {
    const panel = new Panel()
    const desk = new Desk(() => panel)
    console.log(desk.begin())
}

begin()

fails("fragile", () => console.log(new Fragile(-1).size))
fails("nothing", () => console.log((undefined as Fragile).size))
const bag = new Bag()
bag.apples += 2
console.log(field(bag, "apples") + field(bag, "pears") + " " + total(bag))
const printed = new Printed()
printed.width++
console.log(printed)
const derived = new Derived()
console.log(derived.describe() + derived.extra + derived.weight + new Base(3).describe())
console.log(literals(3) + " " + new Several().tell())

const config = { rate: 4, nested: { depth: 2 }, log: upper }
config.rate++
config.nested.depth = config.nested.depth + config.rate
console.log(config.log("config " + config.rate + config.nested.depth))

// A function that runs twice makes two objects.
function fresh(): Twin {
    return twin("fresh")
}
const one = fresh()
const other = fresh()
one.value = 1
console.log(one.value + other.name + other.value + (one === other))

async function later(): Promise<void> {
    const shared = { count: 0 }
    const add = async () => {
        shared.count++
    }
    add.start()
    add.start()
    await ds.sleep(5)
    console.log("later " + shared.count)
}
await later()
console.log("finished")
