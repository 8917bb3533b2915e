import { useMemo, useState } from "preact/hooks"
import { brokenAt } from "../charts/broken"
import { HeatMap } from "../charts/heatmap"
import { type Line, Plot, type Stretch } from "../charts/plot"
import { column, type Day, parseName } from "../days/reader"
import { type DayFigures, type Extreme, figuresOf } from "../days/statistics"
import { flagsUp, knownAlarms } from "../days/alarms"
import { clockTime, dateTime, decimal, duration, withUnit } from "../model/format"
import { t } from "../texts"
import type { OpenFile } from "./app"
import { flagName } from "./header"
import { Choice, Facts, Panel } from "./parts/pieces"

const plotHeight = 190
const linked = "day"
/** The distance from the mean with the heat map's full colour, V. */
const heatFull = 0.03

function when(extreme: Extreme | undefined, digits: number, unit: string, offset: number): string {
    if (!extreme) return t.unknown
    const cell = extreme.cell ? ` (${t.cells.cell(extreme.cell)})` : ""
    return `${withUnit(extreme.value, digits, unit)}${cell} ${t.day.at} ${clockTime(extreme.at, offset)}`
}

function range(
    { min, max }: { min?: Extreme; max?: Extreme },
    digits: number,
    unit: string,
): string {
    if (!min || !max) return t.unknown
    return `${decimal(min.value, digits)} … ${withUnit(max.value, digits, unit)}`
}

function flagsText(figures: DayFigures): string {
    const flags = figures.bands.reduce((all, one) => all | (1 << one.bit), 0)
    const names = flagsUp(flags, knownAlarms).map(one => flagName(one.name))
    return names.length > 0 ? names.join(", ") : t.day.noFlags
}

function Figures({ day, figures, offset }: { day: Day; figures: DayFigures; offset: number }) {
    const millivolts = figures.spread && { ...figures.spread, value: figures.spread.value * 1000 }
    const gapSeconds = figures.gaps.reduce((sum, one) => sum + one.to - one.from, 0)
    const rows: [string, string][] = [
        [t.day.records, figures.records.toLocaleString("en")],
        [t.day.from, figures.from === undefined ? t.unknown : dateTime(figures.from, offset)],
        [t.day.to, figures.to === undefined ? t.unknown : dateTime(figures.to, offset)],
        [
            t.day.period,
            figures.periodSeconds === undefined ? t.unknown : duration(figures.periodSeconds),
        ],
    ]
    if (day.kind === "log")
        rows.push(
            [
                t.day.in,
                `${withUnit(figures.ampereHoursIn, 2, "Ah")}, ${withUnit(figures.wattHoursIn, 0, "Wh")}`,
            ],
            [
                t.day.out,
                `${withUnit(figures.ampereHoursOut, 2, "Ah")}, ${withUnit(figures.wattHoursOut, 0, "Wh")}`,
            ],
            [t.day.voltage, range(figures.voltage, 2, "V")],
            [t.day.current, range(figures.current, 2, "A")],
            [t.day.charge, range(figures.charge, 1, "%")],
        )
    rows.push(
        [t.day.temperature, range(figures.temperature, 1, "°C")],
        [t.day.lowest, when(figures.lowestCell, 3, "V", offset)],
        [t.day.highest, when(figures.highestCell, 3, "V", offset)],
        [t.day.spread, when(millivolts, 0, "mV", offset)],
        [
            t.day.gaps,
            figures.gaps.length === 0
                ? t.day.noGaps
                : `${figures.gaps.length}, ${duration(gapSeconds)}`,
        ],
    )
    if (day.kind === "log") rows.push([t.day.flags, flagsText(figures)])
    return <Facts rows={rows} />
}

interface Chart {
    title: string
    lines: Omit<Line, "data">[]
    columns: string[]
}

const line = (label: string, unit: string, digits: number, color: string): Omit<Line, "data"> => ({
    label,
    unit,
    digits,
    color,
})

const charts: Chart[] = [
    {
        title: t.day.voltage,
        lines: [line(t.day.voltage, "V", 3, "--line-1")],
        columns: ["voltage_V"],
    },
    {
        title: t.day.current,
        lines: [line(t.day.current, "A", 3, "--line-2")],
        columns: ["current_A"],
    },
    { title: t.day.charge, lines: [line(t.day.charge, "%", 1, "--line-4")], columns: ["soc_pct"] },
    {
        title: t.cells.heading,
        lines: [line(t.day.low, "V", 3, "--line-3"), line(t.day.high, "V", 3, "--line-5")],
        columns: ["cell_min_V", "cell_max_V"],
    },
    {
        title: t.day.temperature,
        lines: [line(t.day.coldest, "°C", 1, "--line-3"), line(t.day.hottest, "°C", 1, "--line-5")],
        columns: ["temp_min_C", "temp_max_C"],
    },
]

function stretchesOf(figures: DayFigures): Stretch[] {
    const gaps = figures.gaps.map(one => ({ from: one.from, to: one.to, color: "--gap" }))
    const flags = figures.bands.map(one => ({
        from: one.from,
        to: one.to,
        color: one.bit < 16 ? "--band-bad" : "--band-warn",
    }))
    return [...gaps, ...flags]
}

function MainPlots({ day, figures, offset }: { day: Day; figures: DayFigures; offset: number }) {
    const broken = useMemo(() => brokenAt(day.times, day.columns, figures.gaps), [day])
    const stretches = useMemo(() => stretchesOf(figures), [figures])
    return (
        <div role="group" aria-label={t.day.plots}>
            <p class="muted">{t.day.zoomHint}</p>
            {charts
                .filter(chart => chart.columns.every(name => column(day, name)))
                .map(chart => (
                    <div key={chart.title}>
                        <h3>{chart.title}</h3>
                        <Plot
                            height={plotHeight}
                            label={chart.title}
                            times={broken.times}
                            offsetMinutes={offset}
                            linked={linked}
                            stretches={stretches}
                            lines={chart.lines.map((one, i) => ({
                                ...one,
                                data: broken.columns[day.names.indexOf(chart.columns[i])],
                            }))}
                        />
                    </div>
                ))}
        </div>
    )
}

const cellColors = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6"]

function CellPlots({ day, figures, offset }: { day: Day; figures: DayFigures; offset: number }) {
    const [view, setView] = useState<"heat" | "lines">("heat")
    const cells = useMemo(
        () => day.names.flatMap((name, i) => (/^cell\d+_V$/.test(name) ? [day.columns[i]] : [])),
        [day],
    )
    const mean = useMemo(
        () => day.times.map((_, i) => cells.reduce((sum, one) => sum + one[i], 0) / cells.length),
        [day],
    )
    const broken = useMemo(() => brokenAt(day.times, cells, figures.gaps), [day])
    return (
        <>
            <Choice
                label={t.day.cellsView}
                name="cells-view"
                value={view}
                options={[
                    ["heat", t.day.heat],
                    ["lines", t.day.lines],
                ]}
                onChange={setView}
            />
            {view === "heat" ? (
                <>
                    <HeatMap rows={cells} mean={mean} full={heatFull} label={t.day.heatLabel} />
                    <p class="muted">{t.day.heatKey(heatFull * 1000)}</p>
                </>
            ) : (
                <Plot
                    height={320}
                    label={t.cells.heading}
                    times={broken.times}
                    offsetMinutes={offset}
                    lines={broken.columns.map((data, i) => ({
                        ...line(t.cells.cell(i + 1), "V", 3, cellColors[i % cellColors.length]),
                        dashed: i >= cellColors.length,
                        data,
                    }))}
                />
            )}
        </>
    )
}

function Remarks({ day, figures }: { day: Day; figures: DayFigures }) {
    const remarks = [
        day.badLines > 0 && t.day.torn(day.badLines),
        figures.stepsBack > 0 && t.day.back(figures.stepsBack),
        day.otherSerials.length > 0 && t.day.mixed(day.otherSerials.slice(0, 5).join(", ")),
    ].filter(one => typeof one === "string")
    if (remarks.length === 0) return null
    return <div class="banner warn">{remarks.join(" ")}</div>
}

export function DayView({ file }: { file: OpenFile }) {
    const { day } = file
    const figures = useMemo(() => figuresOf(day), [day])
    const offset = day.offsets[0] ?? 0
    const name = parseName(file.path)
    return (
        <>
            <p>
                <a href="#/card">← {t.card.back}</a>
            </p>
            <h1>
                {day.serial || t.card.heading}, {name?.date ?? file.path}
            </h1>
            <Remarks day={day} figures={figures} />
            {figures.records === 0 ? (
                <p class="empty">{t.card.dayCannot}</p>
            ) : (
                <>
                    <Panel title={file.path}>
                        <Figures day={day} figures={figures} offset={offset} />
                    </Panel>
                    <div class="panel">
                        {day.kind === "log" ? (
                            <MainPlots day={day} figures={figures} offset={offset} />
                        ) : (
                            <CellPlots day={day} figures={figures} offset={offset} />
                        )}
                    </div>
                </>
            )}
        </>
    )
}
