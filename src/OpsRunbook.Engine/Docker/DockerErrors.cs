namespace OpsRunbook.Engine.Docker;

/// <summary>Failures of the Engine API.</summary>
internal static class DockerErrors
{
    public static OpsException SocketMissing(string host, string path, Exception? inner = null) => new(
        "Docker.SocketMissing",
        OpsErrorKind.NotInstalled,
        $"Docker's socket {path} does not exist on {host}.",
        "Start the Docker Engine, or name its address with DOCKER_HOST or the stack file's 'docker:'.",
        path,
        inner);

    public static OpsException SocketForbidden(string host, string path, Exception? inner = null) => new(
        "Docker.SocketForbidden",
        OpsErrorKind.PermissionDenied,
        $"This user may not use Docker's socket {path} on {host}.",
        "Run as root or as a member of the group 'docker'.",
        path,
        inner);

    public static OpsException NotAnswering(string endpoint, string cause, Exception? inner = null) => new(
        "Docker.NotAnswering",
        OpsErrorKind.Connection,
        $"The Docker Engine at {endpoint} does not answer: {cause}",
        "Check that the engine runs: systemctl status docker.",
        endpoint,
        inner);

    public static OpsException EndpointInvalid(string endpoint) => new(
        "Docker.EndpointInvalid",
        OpsErrorKind.InvalidArgument,
        $"'{endpoint}' is not the address of a Docker Engine.",
        "Write unix:///path/to/docker.sock or tcp://host:port.",
        endpoint);

    public static OpsException CertificateInvalid(string folder, Exception inner) => new(
        "Docker.CertificateInvalid",
        OpsErrorKind.InvalidData,
        $"The client certificate for Docker in {folder} cannot be read: {inner.Message}",
        "DOCKER_CERT_PATH must hold ca.pem, cert.pem and key.pem.",
        folder,
        inner);

    public static OpsException NoSuchContainer(string container, string endpoint) => new(
        "Docker.NoSuchContainer",
        OpsErrorKind.NotFound,
        $"There is no container '{container}' on the Docker Engine at {endpoint}.",
        "List what there is with 'docker ps --all'.",
        container);

    public static OpsException NotRunning(string container, string cause) => new(
        "Docker.ContainerNotRunning",
        OpsErrorKind.Connection,
        $"The container '{container}' does not run: {cause}",
        "Start it, and look at its log if it ends again.",
        container);

    public static OpsException Refused(string endpoint, string path, int status, string message) => new(
        "Docker.RequestFailed",
        OpsErrorKind.OperationFailed,
        $"The Docker Engine at {endpoint} answered {status} to {path}: {message}",
        "Look at the engine's log: journalctl -u docker.",
        path);
}
