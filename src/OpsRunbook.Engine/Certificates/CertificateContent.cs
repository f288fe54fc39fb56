using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Engine.Certificates;

/// <summary>What a file holds.</summary>
/// <param name="Certificates">Its certificates, in its order.</param>
/// <param name="Key">Public part of a private key that lies in the same file; null for none.</param>
/// <param name="KeyProblem">Why a private key of the same file cannot be compared; null when there is none, or it can.</param>
/// <param name="Damaged">What is wrong with some of it, while the rest can be read; null when nothing is.</param>
internal sealed record CertificateContent(IReadOnlyList<X509Certificate2> Certificates, byte[]? Key = null, OpsException? KeyProblem = null, OpsException? Damaged = null)
    : IDisposable
{
    public void Dispose()
    {
        foreach (var certificate in Certificates)
        {
            certificate.Dispose();
        }
    }
}
