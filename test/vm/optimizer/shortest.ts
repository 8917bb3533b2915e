// The shortest programs that an optimizer could get wrong, and that ours once did. `log` prints a line.

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
        title: "the fields of an object that is made once, and of what a fiber gets in its place",
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
        title: "a field that is also set by a name made up at run time",
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
        title: "a field of a class that is also set by a name made up at run time",
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
        title: "an object that is made once and becomes part of a text",
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
        title: "a method that is found by a name made up at run time",
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
        title: "a function that is started by a name made up at run time",
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
]
