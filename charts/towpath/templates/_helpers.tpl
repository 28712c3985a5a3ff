{{/* Names, labels and settings that templates share. */}}

{{- define "towpath.fullname" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* dict "root" $ "name" component */}}
{{- define "towpath.selector" -}}
app.kubernetes.io/name: towpath
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "towpath.labels" -}}
{{ include "towpath.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: towpath
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* dict "root" $ "image" which */}}
{{- define "towpath.image" -}}
{{- with .root.Values.image -}}
{{- $usual := printf "%s/%s/%s:%s" .registry .repository $.image (.tag | default $.root.Chart.AppVersion) -}}
{{ get .overrides $.image | default $usual }}
{{- end -}}
{{- end }}

{{- define "towpath.embeddedKafka" -}}
{{- if not .Values.kafka.bootstrapServers }}yes{{ end -}}
{{- end }}

{{- define "towpath.bootstrapServers" -}}
{{- .Values.kafka.bootstrapServers | default (printf "%s-kafka.%s.svc:9092" (include "towpath.fullname" .) .Release.Namespace) -}}
{{- end }}

{{- define "towpath.securityProtocol" -}}
{{- $kafka := .Values.kafka -}}
{{- $transport := ternary "SSL" "PLAINTEXT" (ne $kafka.tls.existingSecret "") -}}
{{- $kafka.securityProtocol | default (ternary (printf "SASL_%s" $transport) $transport (ne $kafka.sasl.existingSecret "")) -}}
{{- end }}

{{- define "towpath.saslMechanism" -}}
{{- ternary "PLAIN" .Values.kafka.sasl.mechanism (eq (include "towpath.embeddedKafka" .) "yes") -}}
{{- end }}

{{/* The group whose lag KEDA asks for; as serving's settings have it. */}}
{{- define "towpath.servingGroup" -}}
{{ .Values.kafka.topicPrefix }}towpath.serving
{{- end }}

{{- define "towpath.objective" -}}
{{- .Values.objective | default (.Files.Get "files/objective.yaml") -}}
{{- end }}

{{- define "towpath.storeClaim" -}}
{{- .Values.store.volume.existingClaim | default (printf "%s-store" (include "towpath.fullname" .)) -}}
{{- end }}

{{- define "towpath.mlflowUri" -}}
{{- if .Values.training.mlflowUri }}{{ .Values.training.mlflowUri }}
{{- else if .Values.services.mlflow.enabled }}http://{{ include "towpath.fullname" . }}-mlflow:{{ .Values.services.mlflow.ports.http }}
{{- end -}}
{{- end }}

{{/* Whether KEDA scales the workers, "yes" or nothing. */}}
{{- define "towpath.keda" -}}
{{- $scaling := .Values.services.serving.autoscaling -}}
{{- if or (eq $scaling.mode "keda") (and (eq $scaling.mode "auto") (.Capabilities.APIVersions.Has "keda.sh/v1alpha1")) }}yes{{ end -}}
{{- end }}

{{- define "towpath.kserve" -}}
{{- $mode := .Values.services.endpoint.kserve -}}
{{- if or (eq $mode "always") (and (eq $mode "auto") (.Capabilities.APIVersions.Has "serving.kserve.io/v1beta1")) }}yes{{ end -}}
{{- end }}

{{/* What must not be rendered at all, in words. */}}
{{- define "towpath.refusals" -}}
{{- if and (not .Values.networkPolicy.enabled) (not .Values.auth.existingSecret) -}}
{{- fail "networkPolicy.enabled=false lets every pod call the services without a key: set auth.existingSecret (kubectl create secret generic towpath-keys --from-literal=api-keys=… --from-literal=test-key=…)" -}}
{{- end -}}
{{- if and (not .Values.kafka.bootstrapServers) .Values.kafka.tls.existingSecret -}}
{{- fail "kafka.tls is for a Kafka of your own (kafka.bootstrapServers): the one inside speaks no TLS" -}}
{{- end -}}
{{- if and (eq .Values.training.runner "kfp") (not .Values.training.kfp.endpoint) -}}
{{- fail "training.runner=kfp needs training.kfp.endpoint, the address of the Kubeflow Pipelines API" -}}
{{- end -}}
{{- with .Values.services.serving -}}
{{- if le (int .graceSeconds) (int .transactionTimeoutSeconds) -}}
{{- fail (printf "services.serving.graceSeconds (%d) must be longer than its transactionTimeoutSeconds (%d), or a shutdown cuts transactions off" (int .graceSeconds) (int .transactionTimeoutSeconds)) -}}
{{- end -}}
{{- end -}}
{{- end }}
