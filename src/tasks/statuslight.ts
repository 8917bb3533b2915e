import { Board } from "../core/seams"

const lightOnMs = 60
const lightOffMs = 200

/** The alarms that the light shows. */
export interface LightAlarms {
    flags(): number
}

/** The card's state that the light shows. */
export interface LightCard {
    /** Defined if the card can be pulled. */
    ejected: any
    mounted(): boolean
}

/** One flash: all is well. Two: an alarm. Three: no card. On: the card can be pulled. */
export async function showStatus(
    board: Board,
    alarms: LightAlarms,
    card: LightCard,
): Promise<void> {
    const { light, ticks } = board
    await light.set(card.ejected !== undefined)
    if (card.ejected) return
    let flashes = 1
    if (alarms.flags() !== 0) flashes = 2
    if (!card.mounted()) flashes = 3
    for (let i = 0; i < flashes; ++i) {
        await light.set(true)
        await ticks.sleep(lightOnMs)
        await light.set(false)
        await ticks.sleep(lightOffMs)
    }
}
