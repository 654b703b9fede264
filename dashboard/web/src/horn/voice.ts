// Speaks Chinese, where the machine has a Chinese voice of its own.
export interface Voice {
  can(): boolean
  say(text: string): void
  stop(): void
}

export function browserVoice(): Voice {
  if (typeof speechSynthesis === 'undefined') return { can: () => false, say: () => {}, stop: () => {} }
  // A voice from the network is silent just when the network is: only the machine's own counts.
  const chinese = () =>
    speechSynthesis.getVoices().find((voice) => voice.localService && /^(zh|cmn)\b/i.test(voice.lang)) ?? null
  return {
    can: () => chinese() !== null,
    say(text) {
      speechSynthesis.cancel()
      const words = new SpeechSynthesisUtterance(text)
      words.lang = 'zh-CN'
      words.voice = chinese()
      speechSynthesis.speak(words)
    },
    stop: () => speechSynthesis.cancel(),
  }
}
