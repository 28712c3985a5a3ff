{{/* The pod that every workload is made of: Deployment, InferenceService, Job and test. */}}

{{/* Environment of a pod that talks to Kafka as `user`. dict "root" $ "user" key */}}
{{- define "towpath.kafkaEnv" -}}
{{- $kafka := .root.Values.kafka -}}
- name: TOWPATH_KAFKA_BOOTSTRAP_SERVERS
  value: {{ include "towpath.bootstrapServers" .root | quote }}
- name: TOWPATH_KAFKA_SECURITY_PROTOCOL
  value: {{ include "towpath.securityProtocol" .root }}
- name: TOWPATH_TOPIC_PREFIX
  value: {{ $kafka.topicPrefix | quote }}
{{- if $kafka.sasl.existingSecret }}
- name: TOWPATH_KAFKA_SASL_MECHANISM
  value: {{ include "towpath.saslMechanism" .root }}
- name: TOWPATH_KAFKA_SASL_USERNAME
  value: {{ get $kafka.sasl.usernames .user | default .user | quote }}
- name: TOWPATH_KAFKA_SASL_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $kafka.sasl.existingSecret }}, key: {{ .user }}}}
{{- end }}
{{- if $kafka.tls.existingSecret }}
- name: TOWPATH_KAFKA_SSL_CAFILE
  value: /etc/towpath/kafka-tls/ca.crt
{{- if $kafka.tls.clientCertificate }}
- name: TOWPATH_KAFKA_SSL_CERTFILE
  value: /etc/towpath/kafka-tls/tls.crt
- name: TOWPATH_KAFKA_SSL_KEYFILE
  value: /etc/towpath/kafka-tls/tls.key
{{- end }}
{{- end }}
{{- end }}

{{/* Where models lie. dict "root" $ */}}
{{- define "towpath.storeEnv" -}}
{{- with .root.Values.store -}}
{{- if .url }}
- name: TOWPATH_STORE_URL
  value: {{ .url | quote }}
{{- with .endpointUrl }}
- name: TOWPATH_STORE_ENDPOINT_URL
  value: {{ . | quote }}
{{- end }}
{{- with .region }}
- name: TOWPATH_STORE_REGION
  value: {{ . | quote }}
{{- end }}
{{- if .existingSecret }}
{{- range list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ . }}
  valueFrom: {secretKeyRef: {name: {{ $.root.Values.store.existingSecret }}, key: {{ . }}}}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
{{- end }}

{{/* What training and its jobs are told. dict "root" $ */}}
{{- define "towpath.trainingEnv" -}}
{{- $training := .root.Values.training -}}
- name: TOWPATH_TRAINING_RUNNER
  value: {{ $training.runner }}
- name: TOWPATH_TRAINING_COLD_START
  value: {{ $training.coldStart | quote }}
- name: TOWPATH_TRAINING_AUTO
  value: {{ $training.auto | quote }}
- name: TOWPATH_TRAINING_IMAGE
  value: {{ include "towpath.image" (dict "root" .root "image" "training") }}
{{- with $training.kfp.endpoint }}
- name: TOWPATH_TRAINING_KFP_ENDPOINT
  value: {{ . | quote }}
- name: TOWPATH_TRAINING_VOLUME_CLAIM
  value: {{ include "towpath.storeClaim" $.root }}
{{- end }}
{{- with include "towpath.mlflowUri" .root }}
- name: MLFLOW_TRACKING_URI
  value: {{ . | quote }}
# Of its client, which would wait for minutes.
- name: MLFLOW_HTTP_REQUEST_MAX_RETRIES
  value: "4"
{{- end }}
{{- end }}

{{/* Who monitoring tells of alerts. dict "root" $ */}}
{{- define "towpath.alertsEnv" -}}
{{- with .root.Values.monitoring.alerts }}
{{- if .webhooksSecret }}
- name: TOWPATH_MONITORING_WEBHOOKS
  valueFrom: {secretKeyRef: {name: {{ .webhooksSecret }}, key: webhooks}}
{{- else if .webhooks }}
- name: TOWPATH_MONITORING_WEBHOOKS
  value: {{ join "," .webhooks | quote }}
{{- end }}
{{- with .alertmanagers }}
- name: TOWPATH_MONITORING_ALERTMANAGERS
  value: {{ join "," . | quote }}
{{- end }}
{{- if .tokenSecret }}
- name: TOWPATH_MONITORING_WEBHOOK_BEARER_FILE
  value: /etc/towpath/alerts/token
{{- end }}
{{- end }}
{{- end }}

{{/* All of a service's environment. dict "root" $ "name" name "service" entry */}}
{{- define "towpath.serviceEnv" -}}
{{- $service := .service -}}
- name: TOWPATH_HTTP_HOST
  value: 0.0.0.0
- name: TOWPATH_HTTP_PORT
  value: {{ dig "ports" "http" 8080 $service | quote }}
- name: TOWPATH_HTTP_OPS_PORT
  value: "9090"
- name: TOWPATH_GRACE_S
  value: {{ $service.graceSeconds | quote }}
{{- with $service.transactionTimeoutSeconds }}
- name: TOWPATH_SERVING_TRANSACTION_TIMEOUT_S
  value: {{ . | quote }}
{{- end }}
{{- if .root.Values.auth.existingSecret }}
- name: TOWPATH_AUTH_MODE
  value: api-key
- name: TOWPATH_AUTH_API_KEYS
  valueFrom: {secretKeyRef: {name: {{ .root.Values.auth.existingSecret }}, key: api-keys}}
{{- else }}
# Who reaches the port at all is the NetworkPolicy's to say.
- name: TOWPATH_AUTH_ALLOW_ANONYMOUS_NETWORK
  value: "true"
{{- end }}
{{ include "towpath.kafkaEnv" (dict "root" .root "user" $service.user) }}
{{- if ne $service.store "none" }}
{{- include "towpath.storeEnv" . }}
{{- end }}
{{- if and (eq .name "ingestion") .root.Values.webhooks.existingSecret }}
- name: TOWPATH_INGESTION_WEBHOOK_SECRET
  valueFrom: {secretKeyRef: {name: {{ .root.Values.webhooks.existingSecret }}, key: webhook-secret}}
{{- end }}
{{- if $service.objective }}
- name: TOWPATH_OBJECTIVE
  value: /etc/towpath/objective.yaml
{{- end }}
{{- if eq .name "training" }}
{{ include "towpath.trainingEnv" . }}
{{- end }}
{{- if eq .name "monitoring" }}
{{- include "towpath.alertsEnv" . }}
{{- end }}
{{- end }}

{{- define "towpath.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "towpath.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* A container's resources, and the node's disk that it may fill with logs and emptyDirs. */}}
{{- define "towpath.resources" -}}
{{- $disk := dict "requests" (dict "ephemeral-storage" "128Mi") "limits" (dict "ephemeral-storage" "6Gi") -}}
{{- toYaml (mergeOverwrite $disk (deepCopy .)) -}}
{{- end }}

{{/* Volumes and mounts. dict "root" $ "store" none|read|write "objective" bool "jobTemplate" bool
     "volume" bool: on the volume even where the store is elsewhere; "alertsToken" the Secret with that, or nothing */}}
{{- define "towpath.mounts" -}}
- {name: tmp, mountPath: /tmp}
- name: home
  mountPath: /var/lib/towpath
  {{- if and (eq .store "read") (not .root.Values.store.url) }}
  readOnly: true
  {{- end }}
{{- if .objective }}
- {name: objective, mountPath: /etc/towpath/objective.yaml, subPath: objective.yaml, readOnly: true}
{{- end }}
{{- if .jobTemplate }}
- {name: job, mountPath: /etc/towpath/job.yaml, subPath: job.yaml, readOnly: true}
{{- end }}
{{- if .root.Values.kafka.tls.existingSecret }}
- {name: kafka-tls, mountPath: /etc/towpath/kafka-tls, readOnly: true}
{{- end }}
{{- if .alertsToken }}
- {name: alerts-token, mountPath: /etc/towpath/alerts, readOnly: true}
{{- end }}
{{- end }}

{{- define "towpath.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 2Gi}
- name: home
{{- if and (ne .store "none") (or .volume (not .root.Values.store.url)) }}
  persistentVolumeClaim: {claimName: {{ include "towpath.storeClaim" .root }}}
{{- else }}
  emptyDir: {sizeLimit: 4Gi}
{{- end }}
{{- if .objective }}
- name: objective
  configMap: {name: {{ include "towpath.fullname" .root }}-objective}
{{- end }}
{{- if .jobTemplate }}
- name: job
  configMap: {name: {{ include "towpath.fullname" .root }}-job}
{{- end }}
{{- with .root.Values.kafka.tls.existingSecret }}
- name: kafka-tls
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{- end }}
{{- with .alertsToken }}
- name: alerts-token
  secret: {secretName: {{ . }}, defaultMode: 0440, items: [{key: token, path: token}]}
{{- end }}
{{- end }}

{{/* What pods of the chart have in common. dict "root" $ */}}
{{- define "towpath.podCommon" -}}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.pods.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.pods.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.pods.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* The pod's spec. dict "root" $ "name" name "service" entry "container" its name */}}
{{- define "towpath.podSpec" -}}
{{- $service := .service -}}
{{- $extras := dict "root" .root "store" $service.store "objective" $service.objective "jobTemplate" (and (eq .name "training") (eq .root.Values.training.runner "job")) "volume" (eq .name "mlflow") "alertsToken" (ternary .root.Values.monitoring.alerts.tokenSecret "" (eq .name "monitoring")) -}}
{{- $ops := not $service.command -}}
serviceAccountName: {{ include "towpath.fullname" .root }}-{{ .name }}
automountServiceAccountToken: {{ eq .name "training" }}
enableServiceLinks: false
terminationGracePeriodSeconds: {{ add (int $service.graceSeconds) 10 }}
securityContext: {{- include "towpath.podSecurity" . | nindent 2 }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "towpath.selector" . | nindent 8 }}
{{- include "towpath.podCommon" . }}
containers:
  - name: {{ .container }}
    image: {{ include "towpath.image" (dict "root" .root "image" $service.image) }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    {{- with $service.command }}
    command: {{- toYaml . | nindent 6 }}
    {{- end }}
    securityContext: {{- include "towpath.containerSecurity" . | nindent 6 }}
    env:
      {{- if $ops }}
      {{- include "towpath.serviceEnv" . | nindent 6 }}
      {{- end }}
      - {name: HOME, value: /tmp}
      {{- range $variable, $value := $service.env }}
      - name: {{ $variable }}
        value: {{ $value | quote }}
      {{- end }}
    ports:
      # http first: KServe's Service leads its port 80 to the first.
      {{- range $port := list "http" "grpc" }}
      {{- with get ($service.ports | default dict) $port }}
      - {name: {{ $port }}, containerPort: {{ . }}, protocol: TCP}
      {{- end }}
      {{- end }}
      {{- if $ops }}
      - {name: ops, containerPort: 9090, protocol: TCP}
      {{- end }}
    {{- $probe := ternary "ops" "http" $ops }}
    startupProbe:
      httpGet: {path: {{ $service.probePath | default "/livez" }}, port: {{ $probe }}}
      periodSeconds: 2
      timeoutSeconds: 4
      failureThreshold: 90
    livenessProbe:
      httpGet: {path: {{ $service.probePath | default "/livez" }}, port: {{ $probe }}}
      periodSeconds: 15
      timeoutSeconds: 10
      failureThreshold: 4
    readinessProbe:
      httpGet: {path: {{ $service.probePath | default "/readyz" }}, port: {{ $probe }}}
      periodSeconds: 3
      timeoutSeconds: 4
      failureThreshold: 3
    lifecycle:
      # Endpoints forget a pod a moment after it was told to end.
      preStop: {exec: {command: [sleep, "4"]}}
    resources: {{- include "towpath.resources" $service.resources | nindent 6 }}
    volumeMounts: {{- include "towpath.mounts" $extras | nindent 6 }}
volumes: {{- include "towpath.volumes" $extras | nindent 2 }}
{{- end }}

{{/* Labels and annotations of a workload's pods. */}}
{{- define "towpath.podLabels" -}}
{{ include "towpath.labels" . }}
{{- with .root.Values.pods.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "towpath.podAnnotations" -}}
{{- $service := .service -}}
{{- if $service.objective }}
checksum/objective: {{ include "towpath.objective" .root | sha256sum }}
{{- end }}
{{- if and (eq .name "training") (eq .root.Values.training.runner "job") }}
checksum/job: {{ include "towpath.job" .root | sha256sum }}
{{- end }}
{{- if and .root.Values.monitoring.annotations (not $service.command) }}
prometheus.io/scrape: "true"
prometheus.io/port: "9090"
prometheus.io/path: /metrics
{{- end }}
{{- with .root.Values.pods.annotations }}
{{ toYaml . }}
{{- end }}
{{- end }}
