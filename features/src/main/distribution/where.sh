# --- Where things are -----------------------------------------------------------------------------

root=${root%/*}
jar=$root/lib/penstock.jar
# The jar that an archive of classes is made for.
made_for=-@jar.digest@
archives=$root/lib/classes
if [ ! -w "$archives" ]; then
  # Installed by another user: an own folder, and only an own one.
  case ${XDG_CACHE_HOME:-} in
    /*) archives=$XDG_CACHE_HOME/penstock ;;
    *) archives=${HOME:-/nonexistent}/.cache/penstock ;;
  esac
  [ -d "$archives" ] || mkdir -p "$archives" 2>/dev/null
  # shellcheck disable=SC3067 # those shells that are /bin/sh have it
  [ -O "$archives" ] || archives=/nonexistent
fi

