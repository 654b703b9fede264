// A user agent in a few words, for the list of one's own sessions: `Chrome 142 · Windows`. Only the words are kept.

/** The first that fits: most browsers also name those they descend from. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/MicroMessenger\/(\d+)/, 'WeChat'],
  [/DingTalk\/(\d+)/, 'DingTalk'],
  [/Edg(?:A|iOS)?\/(\d+)/, 'Edge'],
  [/OPR\/(\d+)/, 'Opera'],
  [/HuaweiBrowser\/(\d+)/, 'Huawei Browser'],
  [/(?:Firefox|FxiOS)\/(\d+)/, 'Firefox'],
  [/(?:Chrome|CriOS)\/(\d+)/, 'Chrome'],
  [/Version\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari/, 'Safari'],
  [/^curl\/(\d+)/, 'curl'],
]
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/OpenHarmony|HarmonyOS/, 'HarmonyOS'],
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
]

/** Empty for what it does not know: nothing that a caller wrote is repeated. */
export function browserWords(userAgent: string | undefined): string {
  const text = (userAgent ?? '').slice(0, 400)
  const browser = BROWSERS.flatMap(([pattern, name]) => {
    const version = pattern.exec(text)?.[1]
    return version === undefined ? [] : [`${name} ${version.slice(0, 4)}`]
  })[0]
  const system = SYSTEMS.find(([pattern]) => pattern.test(text))?.[1]
  return [browser, system].filter((word) => word !== undefined).join(' · ')
}
