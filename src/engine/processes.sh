# Lists what may be a server, or the script that starts it: id, parent and age in seconds, the arguments, and what lb_more
# knows.
# Then the sockets that somebody listens on and that are files here.
lb_words() {
	tr '\0\n' '\n ' <"/proc/$1/cmdline" 2>/dev/null
}
lb_uptime=
{ IFS=" ." read -r lb_uptime lb_x </proc/uptime; } 2>/dev/null
for lb_proc in /proc/[0-9]*; do
	lb_pid=${lb_proc#/proc/}
	lb_line=
	{ IFS= read -r lb_line <"$lb_proc/cmdline"; } 2>/dev/null
	case $lb_line in
	# A session of PostgreSQL, not the server.
	'postgres: '*) continue ;;
	*postgres* | *postmaster* | *mysqld* | *mariadbd* | *mongo* | *entrypoint* | *setup* | *init* | *run-*) ;;
	*) [ "$lb_pid" = 1 ] || continue ;;
	esac
	lb_stat=
	{ IFS= read -r lb_stat <"$lb_proc/stat"; } 2>/dev/null || continue
	# Behind the name, which may hold anything: state, parent, …, start in hundredths of a second since the machine's.
	set -- ${lb_stat##*) }
	echo "process $lb_pid $2 $((${lb_uptime:-0} - ${20:-0} / 100))"
	lb_words "$lb_pid" | while IFS= read -r lb_word; do printf 'word %s\n' "$lb_word"; done
	lb_more "$lb_pid"
done
while read -r lb_x lb_x lb_x lb_flags lb_x lb_x lb_x lb_path; do
	[ "$lb_flags" = 00010000 ] && [ -S "$lb_path" ] && printf 'socket %s\n' "$lb_path"
done </proc/net/unix 2>/dev/null
:
