namespace OpsRunbook;

/// <summary>A certificate, where it is served and where it lies.</summary>
public sealed class StackCertificate
{
    /// <summary><c>host:port</c> where it is served; null when only the file is checked.</summary>
    [StackValue(Form = StackForm.Endpoint)]
    public string? Endpoint { get; set; }

    /// <summary>Name to ask for (SNI) and to verify; null for the endpoint's host.</summary>
    public string? ServerName { get; set; }

    /// <summary>Certificate file on <see cref="Host"/>; null when only the endpoint is checked.</summary>
    public string? File { get; set; }

    /// <summary>Private key file; null for none.</summary>
    public string? Key { get; set; }

    /// <summary>Host that the endpoint and the files are reached from; null for this machine.</summary>
    [StackValue(RefersTo = new[] { "hosts" })]
    public string? Host { get; set; }

    /// <summary>How it is renewed: <c>certbot</c> or null.</summary>
    [StackValue(OneOf = new[] { "certbot" })]
    public string? Renew { get; set; }

    /// <summary>Member that is reloaded after a renewal; null for none.</summary>
    [StackValue(RefersTo = new[] { "services", "webServers" })]
    public string? Reload { get; set; }

    /// <summary>Warning when fewer days are left.</summary>
    public TimeSpan Warning { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Critical when fewer days are left.</summary>
    public TimeSpan Critical { get; set; } = TimeSpan.FromDays(7);
}
