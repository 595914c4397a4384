let audio: AudioContext | undefined

/** Two short tones. Silent where the browser allows no sound. */
export function chime(): void {
  audio ??= new AudioContext()
  const start = audio.currentTime
  for (const [i, frequency] of [880, 1174.7].entries()) {
    const tone = new OscillatorNode(audio, { frequency })
    const volume = new GainNode(audio, { gain: 0.15 })
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.25 * (i + 1))
    tone.connect(volume).connect(audio.destination)
    tone.start(start + 0.15 * i)
    tone.stop(start + 0.25 * (i + 1))
  }
}
