/** One line each, 20 by 20. */
const paths: Record<string, string> = {
    overview: "M3 11a7 7 0 1 1 14 0M10 11l3-4M5 15h10",
    cells: "M4 16V8M8 16V5M12 16v-6M16 16V7",
    service: "M4 6h7M15 6h1M4 10h1M9 10h7M4 14h5M13 14h3M13 4v4M7 8v4M11 12v4",
    journal: "M5 3h10v14H5zM8 7h4M8 10h4M8 13h2",
    card: "M6 3h6l3 3v11H6zM8.5 3v4M11 3v3",
    console: "M3 5h14v10H3zM6 8l2 2-2 2M10 12h3",
    firmware: "M6 6h8v8H6zM8 3v3M12 3v3M8 14v3M12 14v3M3 8h3M3 12h3M14 8h3M14 12h3",
    simulator: "M7 3h6M8.5 3v5L4.5 16h11l-4-8V3M6.5 12.5h7",
    fleet: "M3 4h6v5H3zM11 4h6v5h-6zM3 11h6v5H3zM11 11h6v5h-6z",
    usb: "M10 17V4M10 4L8 7h4zM10 13l-4-2.5V8M10 11l4-2V7",
    tab: "M3 5h14v11H3zM3 8h14M6 5v3",
    socket: "M4 4h12v9H4zM8 17h4M10 13v4",
    files: "M4 4h5l2 2h5v10H4z",
    alarm: "M10 4l7 12H3zM10 9v3M10 14v.2",
    theme: "M10 3a7 7 0 1 0 0 14zM10 3a7 7 0 0 1 0 14",
    close: "M5 5l10 10M15 5L5 15",
}

export function Icon({ name }: { name: string }) {
    return (
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <path d={paths[name] ?? ""} />
        </svg>
    )
}
