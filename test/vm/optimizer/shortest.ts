// The shortest programs that an optimizer could get wrong and ours once did. `log` prints a line.

export interface ShortProgram {
    title: string
    text: string
}

export const shortest: ShortProgram[] = [
    {
        title: "a function gets other objects when it is started as a fiber",
        text: `
            class A { n = 1; m() { log("A.m " + this.n) } }
            class B { n = 2; m() { log("B.m " + this.n) } }
            async function work(x: any) { x.m(); await ds.sleep(1) }
            await work(new A())
            work.start(new B())
            await ds.sleep(20)`,
    },
    {
        title: "the fields of an object made once, and of the object that a fiber gets instead",
        text: `
            class Config { rate = 1; constructor(readonly title: string) {} }
            function show(config: any) { log(config.title + " " + config.rate) }
            function run() {
                const main = new Config("main")
                show(main)
                show(main)
                show.start({ title: "other", rate: 2 })
            }
            run()
            await ds.sleep(20)`,
    },
    {
        title: "a field that is also set by a name computed at run time",
        text: `
            class A { n = 1; m() { log("A.m " + this.n) } }
            class B { n = 2; m() { log("B.m " + this.n) } }
            function key(i: number) { return "xyz"[i] }
            const o: any = { x: new A() }
            o.x.m()
            o[key(0)] = new B()
            o.x.m()`,
    },
    {
        title: "a field of a class that is also set by a name computed at run time",
        text: `
            class A { n = 1; m() { log("A.m " + this.n) } }
            class B { n = 2; m() { log("B.m " + this.n) } }
            class Holder {
                x: any = new A()
                put(name: string, value: any) { const self: any = this; self[name] = value }
            }
            const holder = new Holder()
            holder.x.m()
            holder.put("xyz"[0], new B())
            holder.x.m()`,
    },
    {
        title: "a field that is deleted",
        text: `
            class A { n = 1; m(t: string) { return "called " + t } }
            const o: any = { a: new A() }
            log(o.a.m("1"))
            delete o.a
            try { log(o.a.m("2")) } catch { log("threw") }`,
    },
    {
        title: "a missing receiver before the arguments of its method",
        text: `
            class A { n = 1; m(x: number, y: number) { this.n += x + y; return this.n } }
            function g(x: number) { log("g " + x); return x }
            let a: A
            function go() {
                try { log("m " + a.m(g(1), g(2))) } catch (e) { log("threw " + (e as Error).name) }
            }
            go()
            a = new A()
            go()`,
    },
    {
        title: "an object made once that becomes part of a string",
        text: `
            class A { n = 1; inner: any = { k: 2 } }
            function run() {
                const a: any = new A()
                a.n = a.n + 5
                a.inner.k = a.inner.k + 5
                let text = "a"
                text = text + a
                log(text)
            }
            run()`,
    },
    {
        title: "a method called by a name computed at run time",
        text: `
            class A { n = 1; m(t: string) { return "called " + t + this.n } }
            function key(i: number) { return "lmn"[i] }
            const a: any = new A()
            log(a.m("1"))
            log(a[key(1)]("2"))`,
    },
    {
        title: "a method's name on an object that has no such method",
        text: `
            class A { n = 1; m() { return "called " + this.n } }
            class B { n = 7 }
            function call(x: any) {
                try { log(x.m()) } catch (e) { log("threw " + (e as Error).name) }
            }
            const list: any[] = [new A(), new B()]
            list.map(call)`,
    },
    {
        title: "a field whose name is not ASCII",
        text: `
            class A { n = 1; m() { return "A " + this.n } }
            class B { n = 2; m() { return "B " + this.n } }
            class Holder { größe: any = new A() }
            const holder = new Holder()
            log(holder.größe.m())
            holder.größe = new B()
            log(holder.größe.m())`,
    },
    {
        title: "a function started by a name computed at run time",
        text: `
            class A { n = 1; m() { log("A " + this.n) } }
            class B { n = 2; m() { log("B " + this.n) } }
            function work(x: any) { x.m() }
            function start(f: any, x: any) { f["start"](x) }
            function key(i: number) { return ["start", "stop"][i] }
            work(new A())
            const f: any = work
            f[key(0)](new B())
            await ds.sleep(20)`,
    },
    {
        title: "a field set under a name that another field holds",
        text: `
            class Holder { n = 1; x = 2 }
            class Key { n = "x" }
            function run(holder: Holder, key: Key) {
                const o: any = holder
                o[key.n] = 7
                log(holder.n + " " + holder.x)
            }
            function go() { run(new Holder(), new Key()) }
            go()`,
    },
    {
        title: "a field set under a name that is a number in another call",
        text: `
            class A { n = 1; m() { log("A.m " + this.n) } }
            class B { n = 2; m() { log("B.m " + this.n) } }
            class Holder { x: any = new A() }
            function put(into: any, at: any, value: any) { into[at] = value }
            const holder = new Holder()
            const list: any[] = []
            put(list, 0, 1)
            holder.x.m()
            put(holder, "x", new B())
            holder.x.m()`,
    },
    {
        title: "a field set under a name that is another object's length",
        text: `
            class A { n = 1; m() { log("A.m " + this.n) } }
            class B { n = 2; m() { log("B.m " + this.n) } }
            class Holder { x: any = new A() }
            function lengthOf(one: any) { return one.length }
            const holder: any = new Holder()
            holder.x.m()
            log("" + lengthOf([1, 2]))
            holder[lengthOf({ length: "x" })] = new B()
            holder.x.m()`,
    },
    {
        title: "a variable's value in a handler",
        text: `
            class A { n = 1; m() { log("A.m " + this.n) } }
            class B { n = 2; m() { log("B.m " + this.n) } }
            function fail(now: boolean) { if (now) throw new Error("e") }
            function run(how: number) {
                let x: any = new A()
                try {
                    fail(how === 0)
                    x = new B()
                    fail(how === 1)
                    x = new A()
                    x.m()
                } catch {
                    x.m()
                    x = new B()
                }
                x.m()
            }
            for (let i = 0; i < 3; i++) run(i)`,
    },
    {
        title: "the argument of a method called by a name computed at run time",
        text: `
            function one() { return 1 }
            function two() { return 2 }
            class A { m(what: any) { log("A.m " + what()) } }
            function key(i: number) { return "xm"[i] }
            const a: any = new A()
            a.m(one)
            a.m(one)
            a[key(1)](two)`,
    },
    {
        title: "a value returned out of a block with a handler",
        text: `
            function fail(now: boolean) { if (now) throw new Error("e") }
            function left(how: number) {
                try {
                    fail(how === 2)
                    if (how < 2) return how * 10 + 1
                    if (how === 3) return how * 100 + 2
                } catch (e) {
                    return -1
                }
                return -2
            }
            for (let i = 0; i < 5; i++) log("" + left(i))`,
    },
    {
        title: "a variable's value after blocks left in every way",
        text: `
            class A { n = 1; m() { log("A.m " + this.n) } }
            class B { n = 2; m() { log("B.m " + this.n) } }
            class C { n = 3; m() { log("C.m " + this.n) } }
            function fail(now: boolean) { if (now) throw new Error("e") }
            function run(how: number) {
                let x: any = new A()
                let y: any = new A()
                for (let i = 0; i < 4; i++) {
                    try {
                        try {
                            x = new B()
                            if (how === i) continue
                            fail(how === i + 1)
                            x = new A()
                            if (how === i + 2) break
                            y = new C()
                        } finally {
                            x.m()
                            y.m()
                            try {
                                y = new B()
                                fail(i === 2)
                            } catch {
                                y.m()
                                y = new A()
                                fail(how === 3)
                            }
                        }
                        y = new C()
                    } catch {
                        x.m()
                        y.m()
                        x = new C()
                    }
                    x.m()
                }
                x.m()
                y.m()
            }
            for (let i = 0; i < 6; i++) run(i)`,
    },
    {
        title: "methods named like a service's, on objects that are kept and objects that are passed",
        text: `
            class A { n = 1; reset() { log("A.reset " + this.n) } set(x: any) { this.n = x } }
            class B { n = 2; reset() { log("B.reset " + this.n) } set(x: any) { this.n = x + 1 } }
            class C extends B { override reset() { log("C.reset " + this.n) } }
            function call(one: any) { one.reset(); one.set(7); one.reset() }
            const kept = new A()
            kept.reset()
            kept.set(5)
            kept.reset()
            const list: any[] = [new B(), new C()]
            for (const one of list) call(one)
            const made: any = new C()
            made["re" + "set"]()`,
    },
    {
        title: "objects without methods, as strings and in lists of their fields",
        text: `
            class Point { constructor(public x: number, public y: number) {} }
            class Empty {}
            const p: any = new Point(1, 2)
            log("" + p + " " + JSON.stringify(p) + " " + Object.keys(p).join(","))
            log("" + new Empty() + " " + JSON.stringify(new Empty()) + " " + typeof new Empty())
            console.log("@0", p, [new Point(3, 4)], new Empty())
            log("" + p.z + " " + p.toString + " " + (p === p) + " " + (p === new Point(1, 2)))`,
    },
    {
        title: "objects asked for their constructor",
        text: `
            class Point { constructor(public x: number) {} }
            class Line { constructor(public x: number) {} }
            function nameOf(one: any) { return one.constructor.name }
            log(nameOf(new Point(1)) + " " + nameOf(new Line(2)))`,
    },
    {
        title: "objects made from results, in loops, by constructors that throw or store `this`",
        text: `
            const all: any[] = []
            class Wheel { size: number; constructor(size: number) { all.push(this); this.size = size } }
            class Check {
                constructor(public n: number) { if (n > 1) throw new RangeError("n is " + n) }
            }
            class Later {
                n = 1
                more: () => number
                constructor(step: number) {
                    const self = this
                    this.more = () => { self.n += step; return self.n }
                }
            }
            function twice(n: number) { return 2 * n }
            for (let i = 0; i < 3; ++i) new Wheel(twice(i) + twice(1))
            log(all.map((one: any) => one.size).join(","))
            for (let i = 0; i < 3; ++i) {
                try {
                    log("n " + new Check(i).n)
                } catch (e: any) {
                    log("fails: " + e.message)
                }
            }
            const a = new Later(2), b = new Later(5)
            log(a.more() + " " + b.more() + " " + a.more() + " " + a.n + " " + b.n)`,
    },
    {
        title: "objects of derived classes, and instanceof",
        text: `
            class Base { constructor(public n: number) {} }
            class Child extends Base { constructor(n: number) { super(n + 1) } }
            class Alone { n = 0 }
            function is(one: any) { return [one instanceof Base, one instanceof Child].join(",") }
            log(is(new Base(1)) + " " + is(new Child(1)) + " " + is(new Alone()))
            log("" + new Child(1).n + " " + new Base(1).n + " " + new Alone().n)`,
    },
]
