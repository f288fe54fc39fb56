using OpsRunbook.Engine.Certificates;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Certificates;

/// <summary>Whether a certificate was revoked, from a real OCSP responder and from real lists, and held against what openssl says.</summary>
public sealed class CertificateRevocationTests
{
    [Fact]
    public async Task A_responder_is_asked_only_when_wanted()
    {
        await using var authority = await OcspResponder.StartNewAsync();
        Assert.Equal([(null, null), (null, null)], await LookAsync(authority.Folder, ask: false, "good", "revoked"));
        Assert.Equal([("Good", null), ("Revoked", "Certificate.Revoked")], await LookAsync(authority.Folder, ask: true, "good", "revoked"));
        Assert.Contains("OCSP", await File.ReadAllTextAsync(authority.LogFile), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_responder_that_is_away_leaves_it_unknown()
    {
        await using var authority = await OcspResponder.StartNewAsync();
        await authority.StopAsync();
        Assert.Equal([("Unknown", "Certificate.RevocationUnknown"), ("Unknown", "Certificate.RevocationUnknown")], await LookAsync(authority.Folder, ask: true, "good", "revoked"));
    }

    [SkippableFact]
    public async Task A_list_says_what_was_revoked_as_long_as_it_is_valid()
    {
        await using var lists = await RevocationLists.StartNewAsync();
        string[] kinds = ["away", "good", "revoked", "stale"];
        Assert.All(await LookAsync(lists.Folder, ask: false, kinds), found => Assert.Null(found.Revocation));
        Assert.DoesNotContain(".crl", await File.ReadAllTextAsync(lists.AccessLogFile), StringComparison.Ordinal);

        Assert.Equal(
            [("Unknown", "Certificate.RevocationUnknown"), ("Good", null), ("Revoked", "Certificate.Revoked"), ("Unknown", "Certificate.RevocationUnknown")],
            await LookAsync(lists.Folder, ask: true, kinds));
        Assert.Contains("stale.crl", await File.ReadAllTextAsync(lists.AccessLogFile), StringComparison.Ordinal);

        // openssl says the same by the same lists.
        var theirs = await Tool.RunAsync("sh", [
            "-c", """
            cd "$1"
            said() { openssl verify -CAfile ca.pem -crl_check "$@" 2>&1 | grep -oE 'OK$|certificate revoked|CRL has expired|unable to get certificate CRL' | head -1; }
            said away.pem; said -CRLfile current.list good.pem; said -CRLfile current.list revoked.pem; said -CRLfile stale.list stale.pem
            """,
            "sh", lists.Folder,
        ]);
        Assert.Equal(["unable to get certificate CRL", "OK", "certificate revoked", "CRL has expired"], theirs.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task<IReadOnlyList<(string? Revocation, string? Reason)>> LookAsync(string folder, bool ask, params string[] kinds)
    {
        var output = new RecordedOutput();
        await using var host = new LocalHost();
        var terms = new CertificateTerms { CaFile = Path.Combine(folder, "ca.pem"), CheckRevocation = ask };
        await CertificateTest.RunAsync(host, new CertificateTestRequest { Paths = [.. kinds.Select(kind => $"{folder}/{kind}.pem")] }, terms, output, CancellationToken.None);
        Assert.Empty(output.Errors);
        var found = output.Items.Cast<CertificateStatus>().ToList();
        Assert.All(found, status => Assert.Equal(status.Reason == "Certificate.Revoked" ? HealthStatus.Critical : status.Reason is null ? HealthStatus.Healthy : HealthStatus.Unknown, status.Status));
        Assert.All(found, status => Assert.True(status.IsTrusted == (status.Revocation != "Revoked")));
        return found.ConvertAll(status => (status.Revocation, status.Reason));
    }
}
