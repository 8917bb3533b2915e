import "uplot/dist/uPlot.min.css"
import { useEffect, useRef } from "preact/hooks"
import uPlot from "uplot"
import { t } from "../texts"

export interface Line {
    label: string
    unit: string
    digits: number
    /** A custom property of the style sheet, such as `--line-1`. */
    color: string
    data: ArrayLike<number>
    /** Lines of one scale share an axis. */
    scale?: string
    dashed?: boolean
    /** Minimum span of the axis. */
    spanMin?: number
}

/** A period of some state, drawn behind the lines. */
export interface Stretch {
    from: number
    to: number
    color: string
}

export interface PlotProps {
    /** Unix seconds, rising. */
    times: ArrayLike<number>
    lines: Line[]
    height: number
    /** Description of the plot for screen readers. */
    label: string
    /** UTC offset of the time labels in minutes. */
    offsetMinutes: number
    stretches?: Stretch[]
    /** Plots with the same name move and zoom together. */
    linked?: string
    from?: number
    to?: number
}

export const colorOf = (name: string): string =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888"

/** A date whose local parts are the time at this UTC offset. */
function localDate(offsetMinutes: number): (seconds: number) => Date {
    return seconds => uPlot.tzDate(new Date((seconds + offsetMinutes * 60) * 1000), "Etc/UTC")
}

function drawStretches(plot: uPlot, stretches: readonly Stretch[]): void {
    const { ctx, bbox } = plot
    ctx.save()
    for (const { from, to, color } of stretches) {
        const left = Math.max(bbox.left, plot.valToPos(from, "x", true))
        const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true))
        ctx.fillStyle = colorOf(color)
        if (right >= left) ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height)
    }
    ctx.restore()
}

/** 24-hour times, with the date at the start of a day. */
function tickLabels(offsetMinutes: number) {
    return (_: uPlot, ticks: number[]): string[] => {
        const step = ticks.length > 1 ? ticks[1] - ticks[0] : 60
        return ticks.map((seconds, i) => {
            const label = timeLabel(seconds, offsetMinutes)
            const newDay = label.slice(11, 19) === "00:00:00"
            if (step >= 86_400) return label.slice(5, 10)
            const time = step < 60 ? label.slice(11, 19) : label.slice(11, 16)
            return newDay || i === 0 ? `${time}\n${label.slice(0, 10)}` : time
        })
    }
}

function optionsOf(
    props: PlotProps,
    width: number,
    stretches: () => readonly Stretch[],
): uPlot.Options {
    const ink = colorOf("--muted")
    const grid = { stroke: colorOf("--line"), width: 1 }
    const font = "12px system-ui, sans-serif"
    const scales = [...new Set(props.lines.map(one => one.scale ?? "y"))]
    return {
        width,
        height: props.height,
        tzDate: localDate(props.offsetMinutes),
        padding: [12, 30, 0, 0],
        cursor: {
            drag: { x: true, y: false, uni: 10 },
            points: { size: 7 },
            ...(props.linked ? { sync: { key: props.linked, setSeries: false } } : {}),
        },
        scales: {
            x: { time: true },
            ...Object.fromEntries(
                scales.map(scale => [
                    scale,
                    {
                        range: (_: uPlot, min: number | null, max: number | null) =>
                            min === null || max === null
                                ? [0, 1]
                                : paddedRange(min, max, spanMin(props.lines, scale)),
                    } satisfies uPlot.Scale,
                ]),
            ),
        },
        legend: { live: true },
        series: [
            {
                label: "",
                value: (_, value) =>
                    value == null ? t.unknown : timeLabel(value, props.offsetMinutes),
            },
            ...props.lines.map(one => ({
                label: one.label,
                scale: one.scale ?? "y",
                stroke: () => colorOf(one.color),
                width: 1.6,
                dash: one.dashed ? [4, 4] : undefined,
                points: { show: false },
                value: (_: uPlot, value: number | null) =>
                    value == null || Number.isNaN(value)
                        ? "—"
                        : value.toFixed(one.digits).replace("-", "−") + " " + one.unit,
            })),
        ],
        axes: [
            {
                stroke: () => ink,
                grid,
                ticks: grid,
                font,
                space: 72,
                values: tickLabels(props.offsetMinutes),
            },
            ...scales.map((scale, index) => ({
                scale,
                stroke: () => ink,
                grid: index === 0 ? grid : { show: false },
                ticks: grid,
                font,
                size: 54,
                side: index === 0 ? 3 : 1,
                space: 22,
            })),
        ] as uPlot.Axis[],
        hooks: { drawClear: [plot => drawStretches(plot, stretches())] },
    }
}

/** Minimum span, so that noise of the last digit does not fill the plot. */
function spanMin(lines: readonly Line[], scale: string): number {
    return Math.max(
        ...lines.filter(one => (one.scale ?? "y") === scale).map(one => one.spanMin ?? 0.001),
    )
}

function paddedRange(min: number, max: number, span: number): [number, number] {
    const middle = (min + max) / 2
    const half = Math.max((max - min) * 0.58, span / 2)
    return [middle - half, middle + half]
}

function timeLabel(seconds: number, offsetMinutes: number): string {
    return new Date((seconds + offsetMinutes * 60) * 1000)
        .toISOString()
        .slice(0, 19)
        .replace("T", " ")
}

function dataOf({ times, lines }: PlotProps): uPlot.AlignedData {
    return [times, ...lines.map(one => one.data)] as unknown as uPlot.AlignedData
}

/** Zooms and moves with the keyboard, like the mouse. */
function onKey(plot: uPlot, event: KeyboardEvent): void {
    const { min, max } = plot.scales.x
    const times = plot.data[0]
    if (min == null || max == null || times.length < 2) return
    const width = max - min
    const whole = [times[0], times[times.length - 1]]
    const moves: Record<string, [number, number]> = {
        ArrowLeft: [min - width / 5, max - width / 5],
        ArrowRight: [min + width / 5, max + width / 5],
        "+": [min + width / 4, max - width / 4],
        "-": [min - width / 2, max + width / 2],
        Home: [whole[0], whole[1]],
    }
    const move = moves[event.key]
    if (!move) return
    event.preventDefault()
    const [from, to] = [Math.max(move[0], whole[0]), Math.min(move[1], whole[1])]
    if (to > from) plot.setScale("x", { min: from, max: to })
}

export function Plot(props: PlotProps) {
    const place = useRef<HTMLDivElement>(null)
    const plot = useRef<uPlot | undefined>(undefined)
    const stretches = useRef<readonly Stretch[]>([])
    stretches.current = props.stretches ?? []
    const shape = JSON.stringify([
        props.lines.map(({ label, scale, color }) => [label, scale, color]),
        props.height,
        props.offsetMinutes,
        props.linked,
    ])
    useEffect(() => {
        const parent = place.current!
        const made = new uPlot(
            optionsOf(props, parent.clientWidth || 320, () => stretches.current),
            dataOf(props),
            parent,
        )
        plot.current = made
        const watcher = new ResizeObserver(() => {
            const width = parent.clientWidth
            if (width > 0 && width !== made.width) made.setSize({ width, height: props.height })
        })
        watcher.observe(parent)
        const redraw = () => made.redraw()
        const dark = matchMedia("(prefers-color-scheme: dark)")
        dark.addEventListener("change", redraw)
        document.addEventListener("themechange", redraw)
        return () => {
            watcher.disconnect()
            dark.removeEventListener("change", redraw)
            document.removeEventListener("themechange", redraw)
            made.destroy()
            plot.current = undefined
        }
    }, [shape])
    useEffect(() => {
        const made = plot.current
        if (!made) return
        const { from, to } = props
        made.setData(dataOf(props), from === undefined)
        if (from !== undefined && to !== undefined) made.setScale("x", { min: from, max: to })
    }, [props.times, props.times.length, props.from, props.to])
    return (
        <div
            class="plot"
            ref={place}
            role="group"
            aria-label={props.label}
            tabIndex={0}
            onKeyDown={event => plot.current && onKey(plot.current, event)}
        />
    )
}
