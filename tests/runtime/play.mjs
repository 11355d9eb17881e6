// Plays audio through .nam files in the real-time runtime.
// usage: node play.mjs PACKAGE_DIR < {"sampleRate", "jobs": [{"model", "input", "output"}]}
// input and output are raw 32-bit float files; prints {"seconds": [...]}, one per job.
import { readFileSync, writeFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { join } from "node:path"

const BLOCK = 128
const dist = join(process.argv[2], "dist")
const { createNamModule, NamWasmModule } = await import(pathToFileURL(join(dist, "index.js")))
const { sampleRate, jobs } = JSON.parse(readFileSync(0, "utf8"))

const wasmBinary = readFileSync(join(dist, "nam.wasm"))
const nam = NamWasmModule.fromModule(await createNamModule({ wasmBinary }), BLOCK)
nam.setSampleRate(sampleRate)
const seconds = []
for (const { model, input, output } of jobs) {
    const id = nam.createInstance()
    if (!nam.loadModel(id, readFileSync(model, "utf8"))) throw new Error(`cannot load ${model}`)
    nam.reset(id)
    const bytes = readFileSync(input)
    const audio = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    const played = new Float32Array(audio.length)
    const started = performance.now()
    for (let i = 0; i < audio.length; i += BLOCK) {
        nam.process(id, audio.subarray(i, i + BLOCK), played.subarray(i, i + BLOCK))
    }
    seconds.push((performance.now() - started) / 1000)
    writeFileSync(output, Buffer.from(played.buffer))
    nam.destroyInstance(id)
}
console.log(JSON.stringify({ seconds }))
