# The tool has no stdin of ours: it could eat the acknowledgement.
(
	trap - TERM
	exec 3<&-
	exec "$@"
) </dev/null &
lb_tool=$!
# Dead-man switch: the end of stdin before the acknowledgement means that nobody reads any more.
(
	trap '' TERM
	exec >/dev/null
	while IFS= read -r lb_line; do
		[ "$lb_line" = "done $lb_nonce" ] && exit 0
		printf '\000' >&2
	done
	[ "$lb_group" = 0 ] || lb_group=$lb_tool
	kill -TERM "$lb_group"
	sleep 5
	kill -KILL "$lb_group"
) <&3 3<&- &
lb_watch=$!
# wait returns early when a trapped signal comes: go on while the child is there.
while :; do
	wait "$lb_tool"
	lb_code=$?
	kill -0 "$lb_tool" 2>/dev/null || break
done
printf '%s %03d\n' "$lb_nonce" "$lb_code"
# Until the acknowledgement this exec does not end, so the daemon drops nothing of what is still on its way.
while kill -0 "$lb_watch" 2>/dev/null; do
	wait "$lb_watch"
done
exit "$lb_code"
