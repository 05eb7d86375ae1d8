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
IFS= read -r lb_nonce || exit 125
IFS= read -r lb_left || exit 125
while [ "$lb_left" -gt 0 ]; do
	IFS= read -r lb_name || exit 125
	lb_value
	export "$lb_name=$lb_got"
	lb_left=$((lb_left - 1))
done
IFS= read -r lb_left || exit 125
set --
while [ "$lb_left" -gt 0 ]; do
	lb_value
	set -- "$@" "$lb_got"
	lb_left=$((lb_left - 1))
done
# The exec's shell leads its process group, so signal 0 reaches the tool and all it started, and nothing else.
# Where it does not lead, only the child is signalled: other processes of the target must not be hit.
lb_group=$lb_nl
if IFS=' ' read -r lb_x lb_x lb_x lb_x lb_pgrp lb_x 2>/dev/null </proc/$$/stat && [ "$lb_pgrp" = $$ ]; then
	lb_group=0
fi
# A handler, not "ignore": children inherit an ignored signal, and the tool must hear it.
trap : TERM
exec 3<&0
