import { useEffect, useRef } from "preact/hooks"
import { t } from "../texts"
import { freeScreens, model, notice, question, route, type ScreenName } from "./app"
import { CardScreen } from "./card"
import { CellsScreen } from "./cells"
import { ConsoleScreen } from "./console"
import { FirmwareScreen } from "./firmware"
import { FleetScreen } from "./fleet"
import { Header } from "./header"
import { Icon } from "./parts/icon"
import { JournalScreen } from "./journal"
import { LoginScreen } from "./login"
import { openLocalFiles } from "./openfiles"
import { OverviewScreen } from "./overview"
import { ServiceScreen } from "./service"
import { SimulatorScreen } from "./simulator"
import { Welcome } from "./welcome"

const screens: Record<ScreenName, () => preact.JSX.Element> = {
    overview: OverviewScreen,
    cells: CellsScreen,
    service: ServiceScreen,
    journal: JournalScreen,
    card: CardScreen,
    console: ConsoleScreen,
    firmware: FirmwareScreen,
    simulator: SimulatorScreen,
    fleet: FleetScreen,
}

function Navigation({ current }: { current: ScreenName | undefined }) {
    const connected = model.phase.value !== "idle"
    const shown = (Object.keys(screens) as ScreenName[]).filter(name => {
        if (name === "simulator") return model.way.value === "tab"
        return connected || freeScreens.includes(name)
    })
    return (
        <nav class="navigation" aria-label={t.menu}>
            <ul>
                {shown.map(name => (
                    <li key={name}>
                        <a href={`#/${name}`} aria-current={current === name ? "page" : undefined}>
                            <Icon name={name} />
                            <span>{t.screens[name]}</span>
                        </a>
                    </li>
                ))}
            </ul>
        </nav>
    )
}

/** Asks before something that cannot be undone. */
function QuestionDialog() {
    const dialog = useRef<HTMLDialogElement>(null)
    const asked = question.value
    useEffect(() => {
        if (asked) dialog.current?.showModal()
        else dialog.current?.close()
    }, [asked])
    return (
        <dialog ref={dialog} onCancel={() => asked?.answer(false)} aria-labelledby="question">
            <p id="question">{asked?.text}</p>
            <div class="row end">
                <button type="button" onClick={() => asked?.answer(false)}>
                    {asked?.no ?? t.cancel}
                </button>
                <button type="button" class="primary" onClick={() => asked?.answer(true)}>
                    {asked?.yes}
                </button>
            </div>
        </dialog>
    )
}

function dropFiles(event: DragEvent): void {
    const files = event.dataTransfer?.files
    if (!files || files.length === 0) return
    event.preventDefault()
    void openLocalFiles([...files])
}

export function Page() {
    const { screen } = route.value
    const phase = model.phase.value
    const connected = phase !== "idle"
    const current = screen ?? (connected ? "overview" : undefined)
    const allowed = current && (connected || freeScreens.includes(current)) ? current : undefined
    const Screen = allowed && screens[allowed]
    const locked = connected && model.locked.value && allowed && !freeScreens.includes(allowed)
    useEffect(() => {
        document.title = allowed ? `${t.screens[allowed]} · ${t.title}` : t.title
    }, [allowed])
    useEffect(() => {
        const over = (event: DragEvent) => event.preventDefault()
        addEventListener("dragover", over)
        addEventListener("drop", dropFiles)
        return () => {
            removeEventListener("dragover", over)
            removeEventListener("drop", dropFiles)
        }
    }, [])
    return (
        <div class={connected || allowed ? "page" : "page alone"}>
            <a class="skip" href="#content" onClick={event => focusContent(event)}>
                {t.skip}
            </a>
            <Header />
            {(connected || allowed) && <Navigation current={allowed} />}
            <main id="content" tabIndex={-1}>
                {locked ? <LoginScreen /> : Screen ? <Screen /> : <Welcome />}
            </main>
            <QuestionDialog />
            <div class="notice" role="status">
                {notice.value}
            </div>
        </div>
    )
}

// The address's # belongs to the screens, so the link moves the focus itself.
function focusContent(event: MouseEvent): void {
    event.preventDefault()
    document.getElementById("content")?.focus()
}
