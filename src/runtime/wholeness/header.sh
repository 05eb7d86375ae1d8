# Common head of both scripts: everything the script is told comes on stdin, as lines before the stream, so that
# no secret stands in an argument list, an exec record or an event, and every runtime can do it.
unset lb_nonce
lb_nl='
'
# A value is a line with its number of lines, then the lines.
lb_value() {
	IFS= read -r lb_count || exit 125
	lb_got=
	while [ "$lb_count" -gt 0 ]; do
		IFS= read -r lb_line || exit 125
		lb_got=$lb_got$lb_line
		lb_count=$((lb_count - 1))
		[ "$lb_count" -eq 0 ] || lb_got=$lb_got$lb_nl
	done
}
# Unsets every variable whose name begins with this. What looks like one within a value of several lines has such a name
# too, and unsetting it does no harm.
lb_unset() {
	set -f
	for lb_line in $(export -p); do
		case $lb_line in
		"$1"*=*)
			lb_line=${lb_line%%=*}
			case $lb_line in
			*[!A-Za-z0-9_]*) ;;
			*) unset "$lb_line" ;;
			esac
			;;
		esac
	done
	set +f
}
IFS= read -r lb_nonce || exit 125
IFS= read -r lb_left || exit 125
while [ "$lb_left" -gt 0 ]; do
	IFS= read -r lb_name || exit 125
	lb_value
	case $lb_name in
	*\*) lb_unset "${lb_name%?}" ;;
	*) export "$lb_name=$lb_got" ;;
	esac
	lb_left=$((lb_left - 1))
done
IFS= read -r lb_left || exit 125
set --
while [ "$lb_left" -gt 0 ]; do
	lb_value
	set -- "$@" "$lb_got"
	lb_left=$((lb_left - 1))
done
# The exec's shell leads a session of its own: that is how its offspring is known. Elsewhere nothing could be ended
# without the risk to hit a process of the target.
if IFS=' ' read -r lb_x lb_x lb_x lb_x lb_x lb_session lb_x 2>/dev/null </proc/$$/stat && [ "$lb_session" = $$ ]; then
	:
else
	echo 'lifeboat: the exec does not lead its session, or /proc cannot be read: nothing was started' >&2
	exit 125
fi
# The end record. A tool may leave the pipe in the mode in which a write does not wait for room (Node.js does), and it
# is one mode for all who have it. Opened anew it waits; where it can't be, it is written as it is.
lb_record() {
	printf '%s %03d\n' "$lb_nonce" "$1" 2>/dev/null >>/proc/self/fd/1 || printf '%s %03d\n' "$lb_nonce" "$1"
}
lb_self=
lb_ticker=
lb_first=
IFS= read -r lb_first 2>/dev/null </proc/1/comm
# Looks at the session: lb_live are the processes that may be ended (all but this shell and its own children, which
# end by themselves), lb_parents all that have a child, a dead one that nobody has buried included, lb_nurses those
# that have a living one, lb_kin the living children of this shell but the one that looks and the ticker,
# lb_held those that stand still.
lb_look() {
	lb_live=
	lb_parents=' '
	lb_nurses=' '
	lb_kin=
	lb_held=' '
	for lb_stat in /proc/[0-9]*/stat; do
		{ IFS= read -r lb_line <"$lb_stat"; } 2>/dev/null || continue
		lb_pid=${lb_line%% *}
		# Behind the name, which may hold anything: state, parent, group, session.
		set -- ${lb_line##*) }
		[ "$4" = $$ ] || continue
		lb_parents="$lb_parents$2 "
		[ "$1" != Z ] || continue
		lb_nurses="$lb_nurses$2 "
		[ "$1" != T ] || lb_held="$lb_held$lb_pid "
		[ "$lb_pid" != $$ ] || continue
		if [ "$2" = $$ ]; then
			[ "$lb_pid" = "$lb_self" ] || [ "$lb_pid" = "$lb_ticker" ] || lb_kin=$lb_pid
			continue
		fi
		[ "$2" != 1 ] || [ "$lb_first" != postgres ] || continue
		lb_live="$lb_live $lb_pid"
	done
}
# Ends the tool and all it started: TERM, after 5 s KILL. It returns only when nobody is left: what comes after it
# would let a tool that is fed see the end of its input. The tool's own parent is waited for too: it may not have
# started the tool yet.
lb_fell() {
	lb_round=0
	lb_waits=0
	lb_signal=TERM
	while lb_look && [ -n "$lb_live$lb_kin" ]; do
		lb_round=$((lb_round + 1))
		[ "$lb_waits" -lt 25 ] || lb_signal=KILL
		# Who is stopped starts nobody between the look and the blow.
		lb_stopped=$lb_live
		kill -STOP $lb_stopped 2>/dev/null
		if [ -z "$lb_live" ]; then
			:
		elif [ "$lb_first" = postgres ]; then
			lb_by_age
			[ -z "$lb_stepped" ] || [ $((lb_round % 20)) -eq 0 ] || continue
		else
			# All at once: a shell whose child alone was ended would go on to its next command.
			kill -"$lb_signal" $lb_stopped 2>/dev/null
			kill -CONT $lb_stopped 2>/dev/null
		fi
		lb_waits=$((lb_waits + 1))
		sleep 0.2 2>/dev/null || sleep 1
		[ "$lb_waits" -lt 100 ] || sleep 5
	done
}
# Where the database itself is process 1, it inherits every orphan, and PostgreSQL takes an orphan that died of a
# signal for a crashed server process: it would throw all its clients out. So children go before their parents, and
# nobody dies before the last of his children is buried. A shell that has buried one goes on at once, to the next
# command or the next round of its loop; so those whose children are all dead run for a moment at a time, each a
# little longer, until one is caught without a child.
lb_by_age() {
	# A fork under way is finished before the stop takes hold: whose children are counted must stand still by then.
	lb_look
	lb_still=$lb_held
	lb_look
	lb_stepped=
	for lb_pid in $lb_stopped; do
		case $lb_still in
		*" $lb_pid "*) ;;
		*)
			lb_stepped=yes
			continue
			;;
		esac
		case $lb_nurses in
		*" $lb_pid "*) continue ;;
		esac
		case $lb_parents in
		*" $lb_pid "*)
			lb_stepped=yes
			lb_moment=$((lb_round % 40))
			kill -CONT "$lb_pid" 2>/dev/null
			while [ "$lb_moment" -gt 0 ]; do
				lb_moment=$((lb_moment - 1))
			done
			kill -STOP "$lb_pid" 2>/dev/null
			;;
		*)
			kill -"$lb_signal" "$lb_pid" 2>/dev/null
			kill -CONT "$lb_pid" 2>/dev/null
			;;
		esac
	done
}
