namespace OpsRunbook;

/// <summary>Whose rules a file of <c>KEY=value</c> lines follows. They agree on plain values and on little else.</summary>
public enum EnvironmentDialect
{
    /// <summary><c>EnvironmentFile=</c> of a systemd unit: shell-like quotes, no <c>export</c>, no comment after a value.</summary>
    Systemd,

    /// <summary><c>.env</c> and <c>env_file</c> of compose, versions 1 and 2.</summary>
    Compose,

    /// <summary><c>docker run --env-file</c>: everything after the equals sign is the value, quotes included.</summary>
    Docker,

    /// <summary>dotenv and Node.js itself (<c>--env-file</c>), as applications read their own <c>.env</c>.</summary>
    Dotenv,
}
