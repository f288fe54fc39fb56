using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>Looks at how long a certificate is still valid, where it is served and where it lies.</summary>
/// <param name="name">Name of the check in its result.</param>
/// <param name="certificate">Endpoint and file.</param>
public sealed class CertificateCheck(string name, StackCertificate certificate) : IHealthCheck
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public TimeSpan Timeout => TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public Task<CheckResult> RunAsync(StackSession session, CancellationToken cancellationToken) =>
        throw new NotSupportedException(certificate.Endpoint);
}
