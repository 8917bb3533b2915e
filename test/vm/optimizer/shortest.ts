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
            const main = new Config("main")
            function show(config: any) { log(config.title + " " + config.rate) }
            show(main)
            show(main)
            show.start({ title: "other", rate: 2 })
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
]
