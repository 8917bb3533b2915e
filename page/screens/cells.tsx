import { useState } from "preact/hooks"
import { Plot } from "../charts/plot"
import { decimal } from "../model/format"
import { cellExtremes } from "../model/values"
import { t } from "../texts"
import { model } from "./app"
import { Choice, Facts, Panel } from "./parts/pieces"

const bandsUsual = { near: 20, far: 30 }
/** Minimum span of the scale around the cells. */
const spanMvMin = 60

type Scale = "near" | "all"

interface Limits {
    low: number
    high: number
}

function limits(): Limits | undefined {
    const low = Number(model.setting("battery.cell_undervoltage"))
    const high = Number(model.setting("battery.cell_overvoltage"))
    return low > 0 && high > low ? { low, high } : undefined
}

function scaleOf(cellMv: readonly number[], scale: Scale, bounds: Limits | undefined) {
    const low = Math.min(...cellMv)
    const high = Math.max(...cellMv)
    if (scale === "all" && bounds) return { from: bounds.low - 100, to: bounds.high + 100 }
    const room = Math.max(spanMvMin, (high - low) * 1.6)
    const middle = (low + high) / 2
    return { from: middle - room / 2, to: middle + room / 2 }
}

function bandOf(deviationMv: number, bands: typeof bandsUsual): string {
    const size = Math.abs(deviationMv)
    return size <= bands.near ? "good" : size <= bands.far ? "fair" : "far"
}

function CellHistory({ cell }: { cell: number }) {
    const { history } = model
    if (history.times.length < 2) return null
    return (
        <Panel title={t.cells.history(cell)}>
            <Plot
                height={220}
                label={t.cells.history(cell)}
                times={history.times.slice()}
                offsetMinutes={-new Date().getTimezoneOffset()}
                lines={[
                    {
                        label: t.cells.cell(cell),
                        unit: "mV",
                        digits: 0,
                        color: "--line-1",
                        data: history.cells.map(one => one[cell - 1] ?? NaN),
                    },
                    {
                        label: t.cells.mean,
                        unit: "mV",
                        digits: 0,
                        color: "--line-3",
                        dashed: true,
                        data: history.cells.map(one => cellExtremes(one)?.meanMv ?? NaN),
                    },
                ]}
            />
        </Panel>
    )
}

interface BarProps {
    number: number
    mv: number
    meanMv: number
    mark: string
    balancing: boolean
    range: { from: number; to: number }
    band: string
    chosen: boolean
    onChoose: () => void
}

function CellBar(props: BarProps) {
    const { number, mv, meanMv, mark, range } = props
    const share = ((mv - range.from) / (range.to - range.from)) * 100
    const deviation = mv - meanMv
    const words = [t.cells.cell(number), `${mv} mV`, mark, props.balancing ? t.cells.balancing : ""]
    return (
        <button
            type="button"
            class={`cell ${props.band} ${mark ? "marked" : ""}`}
            aria-pressed={props.chosen}
            onClick={props.onChoose}
        >
            <span class="visually-hidden">{words.filter(word => word !== "").join(", ")}</span>
            <span class="cell-mark" aria-hidden="true">
                {mark || (props.balancing ? "⇅" : "\u00a0")}
            </span>
            <span class="cell-track" aria-hidden="true">
                <span style={{ height: `${Math.min(100, Math.max(2, share))}%` }} />
            </span>
            <span class="cell-mv" aria-hidden="true">
                {mv}
            </span>
            <span class="cell-deviation" aria-hidden="true">
                {deviation >= 0 ? "+" : "−"}
                {Math.abs(deviation).toFixed(0)}
            </span>
            <span class="cell-number" aria-hidden="true">
                {number}
            </span>
        </button>
    )
}

function LimitLines({ range }: { range: { from: number; to: number } }) {
    const bounds = limits()
    if (!bounds) return null
    const at = (mv: number) => ((mv - range.from) / (range.to - range.from)) * 100
    return (
        <>
            {[bounds.low, bounds.high]
                .filter(mv => at(mv) > 0 && at(mv) < 100)
                .map(mv => (
                    <span class="limit" key={mv} style={{ bottom: `${at(mv)}%` }}>
                        <span>{mv} mV</span>
                    </span>
                ))}
        </>
    )
}

function BandField(props: { label: string; value: number; onChange: (mv: number) => void }) {
    return (
        <label class="inline">
            {props.label}
            <input
                type="number"
                min={1}
                max={500}
                value={props.value}
                onChange={event => {
                    const mv = Number(event.currentTarget.value)
                    if (mv >= 1 && mv <= 500) props.onChange(mv)
                }}
            />
        </label>
    )
}

export function CellsScreen() {
    const [scale, setScale] = useState<Scale>("near")
    const [chosen, setChosen] = useState<number | undefined>(undefined)
    const [bands, setBands] = useState(bandsUsual)
    const battery = model.values.value?.battery
    const extremes = battery && cellExtremes(battery.cellMv)
    if (!battery || !extremes)
        return (
            <>
                <h1>{t.cells.heading}</h1>
                <p class="empty">{model.values.value ? t.cells.none : t.connection.connecting}</p>
            </>
        )
    const { cellMv } = battery
    const range = scaleOf(cellMv, scale, limits())
    const mark = (number: number) =>
        extremes.spreadMv === 0
            ? ""
            : number === extremes.lowest
              ? t.cells.lowest
              : number === extremes.highest
                ? t.cells.highest
                : ""
    return (
        <>
            <h1>{t.cells.heading}</h1>
            <Facts
                rows={[
                    [t.cells.spread, `${extremes.spreadMv} mV`],
                    [t.cells.mean, `${decimal(extremes.meanMv, 1)} mV`],
                    [
                        t.cells.lowest,
                        `${t.cells.cell(extremes.lowest)}: ${cellMv[extremes.lowest - 1]} mV`,
                    ],
                    [
                        t.cells.highest,
                        `${t.cells.cell(extremes.highest)}: ${cellMv[extremes.highest - 1]} mV`,
                    ],
                ]}
            />
            <Panel
                title={t.cells.voltage}
                aside={
                    <Choice
                        label={t.cells.scale}
                        name="scale"
                        value={scale}
                        options={[
                            ["near", t.cells.scaleNear],
                            ["all", t.cells.scaleAll],
                        ]}
                        onChange={setScale}
                    />
                }
            >
                <div class="cells" role="group" aria-label={t.cells.heading}>
                    <div class="cells-limits" aria-hidden="true">
                        <LimitLines range={range} />
                    </div>
                    {cellMv.map((mv, i) => (
                        <CellBar
                            key={i}
                            number={i + 1}
                            mv={mv}
                            meanMv={extremes.meanMv}
                            mark={mark(i + 1)}
                            balancing={((battery.balancing >> i) & 1) === 1}
                            range={range}
                            band={bandOf(mv - extremes.meanMv, bands)}
                            chosen={chosen === i + 1}
                            onChoose={() => setChosen(chosen === i + 1 ? undefined : i + 1)}
                        />
                    ))}
                </div>
                <div class="row legend-row">
                    <span class="key good">{t.cells.bandGood(bands.near)}</span>
                    <span class="key fair">{t.cells.bandFair(bands.far)}</span>
                    <span class="key far">{t.cells.bandFar}</span>
                    <span class="grow" />
                    <BandField
                        label={t.cells.near}
                        value={bands.near}
                        onChange={near => setBands({ ...bands, near })}
                    />
                    <BandField
                        label={t.cells.far}
                        value={bands.far}
                        onChange={far => setBands({ ...bands, far })}
                    />
                </div>
            </Panel>
            {chosen !== undefined && <CellHistory cell={chosen} />}
        </>
    )
}
