// Looks for news every second, and leaves the page alone while somebody is typing on it.
const seen = document.body.dataset.revision
setInterval(async () => {
  if (document.querySelector('.modal') || document.querySelector('.composer input').value) return
  if (document.activeElement instanceof HTMLSelectElement) return
  const news = await (await fetch('/_page/revision')).text()
  if (news !== seen) location.reload()
}, 1000)

// Moments in the reader's own words, as Discord's styles name them.
const STYLES = {
  t: { timeStyle: 'short' }, T: { timeStyle: 'medium' },
  d: { dateStyle: 'short' }, D: { dateStyle: 'long' },
  f: { dateStyle: 'long', timeStyle: 'short' }, F: { dateStyle: 'full', timeStyle: 'short' },
}
const UNITS = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]]
function inWords (at, style) {
  if (style !== 'R') return at.toLocaleString(undefined, STYLES[style])
  const seconds = Math.round((at - Date.now()) / 1000)
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS.at(-1)
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })
  return words.format(Math.round(seconds / size), unit)
}
function tellTimes () {
  for (const each of document.querySelectorAll('time[data-style]')) {
    const at = new Date(each.dateTime)
    each.textContent = inWords(at, each.dataset.style)
    each.title = at.toLocaleString()
  }
}
tellTimes()
setInterval(tellTimes, 1000)

const shown = document.querySelector('section')
shown.scrollTop = shown.scrollHeight
document.querySelector('.modal :is(input[type=text], textarea, select)')?.focus()
