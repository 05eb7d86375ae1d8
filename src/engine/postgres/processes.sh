# The file in which a server says where it listens; its first line names the process that it is of.
lb_more() {
	lb_dirs=$(lb_words "$1" | {
		lb_last=
		while IFS= read -r lb_word; do
			[ "$lb_last" != -D ] || echo "$lb_word"
			case $lb_word in
			-D?*) echo "${lb_word#-D}" ;;
			--data-directory=* | --data_directory=* | data_directory=*) echo "${lb_word#*=}" ;;
			esac
			lb_last=$lb_word
		done
	})
	lb_ifs=$IFS
	IFS=$lb_nl
	set -f
	set -- "$1" $lb_dirs "$PGDATA" "/proc/$1/cwd"
	set +f
	IFS=$lb_ifs
	lb_of=$1
	shift
	for lb_dir; do
		lb_line=
		{ IFS= read -r lb_line <"$lb_dir/postmaster.pid"; } 2>/dev/null
		[ "$lb_line" = "$lb_of" ] || continue
		while IFS= read -r lb_line; do printf 'lock %s\n' "$lb_line"; done <"$lb_dir/postmaster.pid"
		return
	done
}
lb_nl='
'
