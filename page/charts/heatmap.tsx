import { useEffect, useRef } from "preact/hooks"
import { colorOf } from "./plot"

export interface HeatMapProps {
    /** One row per cell, the first at the bottom. */
    rows: ArrayLike<number>[]
    /** Reference for the rows' values at each moment. */
    mean: ArrayLike<number>
    /** The distance with the full colour, V. */
    full: number
    label: string
}

const rowPixels = 18

/** RGB: blue below the mean, orange above it. */
const below = [47, 111, 189]
const above = [214, 108, 31]

/** Draws distances from the mean as colours; each pixel column shows the largest of its moments. */
function draw(canvas: HTMLCanvasElement, { rows, mean, full }: HeatMapProps): void {
    const width = Math.max(1, Math.min(canvas.clientWidth, 1600))
    canvas.width = width
    canvas.height = rows.length
    const context = canvas.getContext("2d")!
    const picture = context.createImageData(width, rows.length)
    const count = mean.length
    for (let x = 0; x < width; x++) {
        const from = Math.floor((x * count) / width)
        const to = Math.max(from + 1, Math.floor(((x + 1) * count) / width))
        for (let row = 0; row < rows.length; row++) {
            let furthest = 0
            for (let i = from; i < to && i < count; i++) {
                const distance = rows[row][i] - mean[i]
                if (Math.abs(distance) > Math.abs(furthest)) furthest = distance
            }
            const color = furthest < 0 ? below : above
            const at = ((rows.length - 1 - row) * width + x) * 4
            picture.data.set(color, at)
            picture.data[at + 3] = Math.min(1, Math.abs(furthest) / full) * 255
        }
    }
    context.putImageData(picture, 0, 0)
}

export function HeatMap(props: HeatMapProps) {
    const canvas = useRef<HTMLCanvasElement>(null)
    useEffect(() => {
        const place = canvas.current!
        const paint = () => place.isConnected && draw(place, props)
        paint()
        const watcher = new ResizeObserver(paint)
        watcher.observe(place)
        return () => watcher.disconnect()
    }, [props.rows, props.full])
    return (
        <div class="heatmap">
            <div class="heatmap-numbers" aria-hidden="true">
                {Array.from({ length: props.rows.length }, (_, i) => (
                    <span key={i}>{props.rows.length - i}</span>
                ))}
            </div>
            <canvas
                ref={canvas}
                role="img"
                aria-label={props.label}
                style={{
                    height: `${props.rows.length * rowPixels}px`,
                    background: colorOf("--surface-2"),
                }}
            />
        </div>
    )
}
