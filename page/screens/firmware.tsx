import { signal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { t } from "../texts"
import { ask, model } from "./app"
import { Facts, Panel, Progress, WorkButton } from "./parts/pieces"

const programs = signal<{ board: string; ours: string; runtime: string } | undefined>(undefined)
const progress = signal<number | undefined>(undefined)
const report = signal<{ text: string; failed: boolean } | undefined>(undefined)

const noProgram = /^0+$/
const hashShown = 16

async function look(): Promise<void> {
    programs.value = await model.remote?.call("programs")
}

async function deploy(again: boolean): Promise<void> {
    if (!(await ask(t.firmware.ask, t.firmware.deploy))) return
    const remote = model.remote!
    const stream = remote.stream(done => (progress.value = done as number))
    report.value = undefined
    progress.value = 0
    try {
        report.value = { text: await remote.call("deploy", again, stream), failed: false }
    } catch (failure) {
        report.value = { text: (failure as Error).message, failed: true }
    } finally {
        remote.dropStream(stream)
        progress.value = undefined
    }
    await look()
}

function Hash({ hash }: { hash: string }) {
    return <code title={hash}>{hash.slice(0, hashShown)}…</code>
}

export function FirmwareScreen() {
    useEffect(() => {
        programs.value = undefined
        if (model.phase.value === "ready") void look().catch(() => undefined)
    }, [model.phase.value])
    const found = programs.value
    const same = found?.board === found?.ours
    const done = progress.value
    return (
        <>
            <h1>{t.firmware.heading}</h1>
            <Panel title={t.title} aside={<WorkButton work={look}>{t.firmware.look}</WorkButton>}>
                {!found ? (
                    <p class="empty waiting" role="status">
                        {t.firmware.reading}
                    </p>
                ) : (
                    <>
                        <Facts
                            rows={[
                                [
                                    t.firmware.version,
                                    model.status.value.get("version") ?? t.unknown,
                                ],
                                [t.firmware.runtime, found.runtime],
                                [
                                    t.firmware.board,
                                    noProgram.test(found.board) ? (
                                        t.firmware.none
                                    ) : (
                                        <Hash hash={found.board} />
                                    ),
                                ],
                                [t.firmware.ours, <Hash hash={found.ours} />],
                            ]}
                        />
                        <p class={same ? "state good" : "state warn"}>
                            {same ? t.firmware.same : t.firmware.differs}
                        </p>
                    </>
                )}
                <p class="muted">{t.firmware.kept}</p>
                <div class="row">
                    <WorkButton
                        class="primary"
                        work={() => deploy(same)}
                        disabled={!found || done !== undefined}
                    >
                        {same ? t.firmware.again : t.firmware.deploy}
                    </WorkButton>
                    {done !== undefined && (
                        <Progress
                            done={done}
                            label={
                                done < 1
                                    ? t.firmware.deploying(Math.floor(done * 100))
                                    : t.firmware.starting
                            }
                        />
                    )}
                </div>
                <p class={report.value?.failed ? "refusal" : "said"} role="status">
                    {report.value?.text}
                </p>
            </Panel>
        </>
    )
}
