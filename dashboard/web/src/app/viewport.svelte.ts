// Whether the page stands on a phone: the one width that changes structure, not only style.
class Viewport {
  phone = $state(false)

  constructor() {
    const query = matchMedia('(max-width: 719px)')
    const follow = () => (this.phone = query.matches)
    follow()
    query.addEventListener('change', follow)
  }
}

export const viewport = new Viewport()
