import type { ComponentChildren } from "preact"
import { useEffect, useState } from "preact/hooks"
import { knownPorts, portName, serialSupport } from "../board/webserial"
import { t } from "../texts"
import { connectPc, connectTab, connectUsb, go, pcToken, say } from "./app"
import { Icon } from "./parts/icon"

function Way(props: {
    icon: string
    title: string
    text: string
    children: ComponentChildren
    first?: boolean
}) {
    return (
        <section class={props.first ? "way first" : "way"}>
            <Icon name={props.icon} />
            <h2>{props.title}</h2>
            <p>{props.text}</p>
            <div class="row">{props.children}</div>
        </section>
    )
}

function begin(connect: () => Promise<void>): void {
    // Closing the browser's list of ports chooses none.
    connect()
        .then(() => undefined)
        .catch((failure: Error) => failure.name !== "NotFoundError" && say(failure.message))
}

export function Welcome() {
    const [ports, setPorts] = useState<SerialPort[]>([])
    const support = serialSupport()
    useEffect(() => {
        void knownPorts().then(setPorts)
    }, [])
    return (
        <div class="welcome">
            <h1>{t.welcome.heading}</h1>
            <p class="lead">{t.welcome.lead}</p>
            <div class="ways">
                <Way icon="tab" title={t.welcome.tab} text={t.welcome.tabText} first>
                    <button type="button" class="primary" onClick={() => begin(connectTab)}>
                        {t.welcome.start}
                    </button>
                </Way>
                <Way
                    icon="usb"
                    title={t.welcome.usb}
                    text={
                        support === "there"
                            ? t.welcome.usbText
                            : support === "absent"
                              ? t.welcome.usbAbsent
                              : t.welcome.usbInsecure
                    }
                >
                    {support === "there" && (
                        <button type="button" onClick={() => begin(() => connectUsb())}>
                            {t.welcome.choose}
                        </button>
                    )}
                    {ports.map((port, i) => (
                        <button type="button" key={i} onClick={() => begin(() => connectUsb(port))}>
                            {portName(port)}
                        </button>
                    ))}
                </Way>
                <Way
                    icon="socket"
                    title={t.welcome.pc}
                    text={pcToken ? t.welcome.pcText : t.welcome.pcAbsent}
                >
                    {pcToken && (
                        <button type="button" onClick={() => begin(connectPc)}>
                            {t.welcome.connect}
                        </button>
                    )}
                </Way>
                <Way icon="files" title={t.welcome.files} text={t.welcome.filesText}>
                    <button type="button" onClick={() => go("card")}>
                        {t.welcome.open}
                    </button>
                    <button type="button" onClick={() => go("fleet")}>
                        {t.screens.fleet}
                    </button>
                </Way>
            </div>
        </div>
    )
}
