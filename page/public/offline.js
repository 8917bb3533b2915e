// Serves the page without a network after the first visit: only its own files. The build prepends
// their names and a stamp.

const cacheName = "bms-mini-" + stamp

self.addEventListener("install", event => {
    self.skipWaiting()
    // Large files are cached on demand.
    const small = names.filter(name => !/\.(wasm|devs)$|worker|tabboard/.test(name))
    event.waitUntil(caches.open(cacheName).then(cache => cache.addAll(["./", ...small])))
})

self.addEventListener("activate", event => {
    const others = keys => keys.filter(key => key.startsWith("bms-mini-") && key !== cacheName)
    event.waitUntil(
        caches
            .keys()
            .then(keys => Promise.all(others(keys).map(key => caches.delete(key))))
            .then(() => self.clients.claim()),
    )
})

async function answer(request) {
    const cache = await caches.open(cacheName)
    const kept = await cache.match(request, { ignoreSearch: true })
    if (kept) return kept
    const fresh = await fetch(request)
    if (fresh.ok) await cache.put(request, fresh.clone())
    return fresh
}

self.addEventListener("fetch", event => {
    const { request } = event
    const ours = new URL(request.url).origin === self.location.origin
    if (request.method === "GET" && ours) event.respondWith(answer(request))
})
