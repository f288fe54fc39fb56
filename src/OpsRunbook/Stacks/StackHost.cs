namespace OpsRunbook;

/// <summary>A machine: reached over SSH, or a container. With neither it is this machine.</summary>
public sealed class StackHost
{
    /// <summary>SSH destination as for <c>ssh</c>: <c>[user@]host[:port]</c> or an alias of the user's configuration; null for none.</summary>
    public string? Ssh { get; set; }

    /// <summary>Name or id of a container reached through the Engine API; null for none.</summary>
    public string? Container { get; set; }

    /// <summary>Private key file; null leaves it to the user's SSH configuration and agent.</summary>
    public string? Identity { get; set; }

    /// <summary>Address of the Engine API, such as <c>unix:///var/run/docker.sock</c>; null for <c>DOCKER_HOST</c> or the default socket.</summary>
    public string? Docker { get; set; }

    /// <summary>Extra SSH options as in <c>ssh_config</c>: <c>StrictHostKeyChecking: accept-new</c>.</summary>
    public Dictionary<string, string> Options { get; set; } = [];
}
