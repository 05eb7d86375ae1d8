# What its configuration file says about where it listens; the rest may hold secrets.
lb_more() {
	lb_file=$(lb_words "$1" | {
		lb_last=
		lb_found=
		while IFS= read -r lb_word; do
			case $lb_last in -f | --config) lb_found=$lb_word ;; esac
			case $lb_word in --config=*) lb_found=${lb_word#*=} ;; -f?*) lb_found=${lb_word#-f} ;; esac
			lb_last=$lb_word
		done
		printf '%s' "$lb_found"
	})
	[ -n "$lb_file" ] || return 0
	while IFS= read -r lb_line || [ -n "$lb_line" ]; do
		case $lb_line in
		*port* | *bindIp* | *bind_ip* | *clusterRole* | *configsvr* | *shardsvr*) printf 'config %s\n' "$lb_line" ;;
		esac
	done <"$lb_file" 2>/dev/null
}
