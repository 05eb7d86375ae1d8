# The record follows the tool's output in the same stream. The tool has no stdin of ours: it could eat the
# acknowledgement.
(
	"$@" </dev/null
	lb_record "$?"
) &
# Until the acknowledgement this exec does not end, so the daemon drops nothing of what is still on its way.
# The end of stdin before it is the dead-man switch: nobody reads any more.
while IFS= read -r lb_line; do
	if [ "$lb_line" = "done $lb_nonce" ]; then
		wait
		exit 0
	fi
	printf '\000' >&2
done
lb_fell
wait
