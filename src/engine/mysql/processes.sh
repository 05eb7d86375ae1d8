# What the server's own option files say. They are read as the server reads them, which begins with the same options
# about the files; with the last one it starts nothing, whatever the version.
lb_more() {
	lb_words "$1" | {
		set --
		IFS= read -r lb_server || exit 0
		# By its name alone: a path is the word of whoever started the process, and what is run here is often run by root.
		lb_server=${lb_server##*/}
		case $lb_server in mysqld | mariadbd) ;; *) exit 0 ;; esac
		lb_server=$(PATH=$PATH:/usr/sbin:/usr/libexec command -v "$lb_server") || exit 0
		while IFS= read -r lb_word; do
			case $lb_word in
			--no-defaults) exit 0 ;;
			--defaults-*) set -- "$@" "$lb_word" ;;
			esac
		done
		HOME=/dev/null "$lb_server" "$@" --print-defaults --help 2>/dev/null </dev/null | while read -r lb_line; do
			set -f
			for lb_word in $lb_line; do
				case $lb_word in
				--socket=* | --port=* | --datadir=*) printf 'option %s\n' "$lb_word" ;;
				esac
			done
		done
	}
}
