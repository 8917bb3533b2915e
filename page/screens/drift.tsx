import { Plot } from "../charts/plot"
import { figuresOf } from "../days/statistics"
import { t } from "../texts"
import type { OpenFile } from "./app"

/** The cells' drift, one point per day. */
export function Drift({ files }: { files: OpenFile[] }) {
    const points = files
        .map(({ day }) => ({ at: day.times[0], figures: figuresOf(day) }))
        .filter(one => one.figures.spread && one.figures.lowestCell)
        .sort((one, other) => one.at - other.at)
    // Two files of one day are one point.
    const days = points.filter((one, i) => i === 0 || one.at - points[i - 1].at > 3600)
    if (days.length < 2) return null
    return (
        <>
            <h3>{t.day.drift}</h3>
            <Plot
                height={200}
                label={t.day.driftText}
                offsetMinutes={0}
                times={days.map(one => one.at)}
                lines={[
                    {
                        label: t.day.spread,
                        unit: "mV",
                        digits: 0,
                        color: "--line-2",
                        data: days.map(one => one.figures.spread!.value * 1000),
                    },
                    {
                        label: t.day.lowest,
                        unit: "V",
                        digits: 3,
                        color: "--line-1",
                        scale: "V",
                        data: days.map(one => one.figures.lowestCell!.value),
                    },
                ]}
            />
        </>
    )
}
