[ "$lb_group" = 0 ] || {
	echo 'lifeboat: the exec does not lead its process group, so a broken restore could not be stopped' >&2
	exit 125
}
IFS= read -r lb_length || exit 125
# A byte now and then, so that no proxy takes a silent hour of index building for a dead connection.
(
	while sleep 30 >/dev/null 2>&1; do printf '\000' >&2; done
) </dev/null >/dev/null 3<&- &
(
	trap '' TERM
	head -c "$lb_length" || {
		# The tool ended early: take what still comes, so that the client can hear about it.
		cat >/dev/null
		exit 0
	}
	# All of it is in. The tool must not see the end of its input before the client has proven the whole:
	# a client that dies is the end of stdin without the word.
	while IFS= read -r lb_line; do
		[ "$lb_line" = "commit $lb_nonce" ] && exec >/dev/null
		[ "$lb_line" = "done $lb_nonce" ] && exit 0
	done
	kill -TERM 0
	sleep 5
	kill -KILL 0
) <&3 3<&- | (
	exec 3<&-
	"$@"
	printf '%s %03d\n' "$lb_nonce" "$?"
) &
lb_job=$!
exec 3<&-
while :; do
	wait "$lb_job"
	lb_code=$?
	kill -0 "$lb_job" 2>/dev/null || break
done
# Ends the ticker and its sleep; this shell has a handler.
kill -TERM 0
exit "$lb_code"
