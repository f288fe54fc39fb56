using System.Security.Cryptography.X509Certificates;
using OpsRunbook.ConsoleRunner;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Cmdlets.Tests.Certificates;

public sealed class CertificateCommandTests
{
    [Fact]
    public async Task The_runner_shows_a_folder_and_ends_with_the_worst_status()
    {
        var folder = await OpenSslCertificates.FolderAsync();
        var (goodCode, goodOut, goodError) = Run("Test-Certificate", $"{folder}/p256.pem", "-KeyPath", $"{folder}/p256.key", "-OutputFormat", "NdJson");
        Assert.Equal((0, string.Empty), (goodCode, goodError));
        Assert.Contains("\"KeyMatches\":true", goodOut, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", goodOut, StringComparison.Ordinal);

        Assert.Equal(1, Run("Test-Certificate", $"{folder}/p256.pem", "-At", "70d").Code);
        var (badCode, badOut, _) = Run("Test-Certificate", folder);
        Assert.Equal(2, badCode);
        Assert.All(badOut.Split('\n'), line => Assert.True(line.Length <= 120, line));
        Assert.Contains("Critical", badOut, StringComparison.Ordinal);
    }

    [Fact]
    public void Certificates_from_the_pipeline_are_judged()
    {
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(TestCertificates.Localhost.CertificateFile);
        using var expired = X509CertificateLoader.LoadCertificateFromFile(TestCertificates.Expired().CertificateFile);
        var sink = new TestSink();
        using var cmdlet = new TestCertificateCommand { Sink = sink, Certificate = [certificate], CaFile = TestCertificates.CaFile };
        cmdlet.RunProcess();
        cmdlet.Certificate = [expired];
        cmdlet.RunProcess();
        cmdlet.RunEnd();
        Assert.Equal([null, "Certificate.Expired"], sink.Objects.Cast<CertificateStatus>().Select(status => status.Reason));
    }

    [Fact]
    public void The_stack_says_what_is_a_warning()
    {
        var file = TestCertificates.Localhost.CertificateFile;
        var stack = new OpsStack
        {
            Name = "test",
            Certificates =
            {
                ["early"] = new StackCertificate { File = file, Warning = TimeSpan.FromDays(400) },
                ["site"] = new StackCertificate { File = file },
                ["gone"] = new StackCertificate { File = "/nowhere.pem" },
            },
        };
        var sink = new TestSink();
        using var cmdlet = new TestCertificateCommand { Sink = sink, Stack = stack, Name = ["site", "early", "gone", "sitting"] };
        cmdlet.RunProcess();
        cmdlet.RunEnd();
        Assert.Equal(
            [("early", "Certificate.Expiring"), ("site", null), ("gone", "Certificate.FileMissing")],
            sink.Objects.Cast<CertificateStatus>().Select(status => (status.Name!, status.Reason)));
        Assert.Equal("Certificate.MemberNotFound", Assert.Single(sink.Errors).Id);
    }

    [Theory]
    [InlineData("Certificate.TimeInvalid", "-At", "some day")]
    [InlineData("Endpoint.CaFileUnreadable", "-CaFile", "/nowhere.pem")]
    [InlineData("Endpoint.TimeoutInvalid", "-Timeout", "0s")]
    public void A_call_that_cannot_be_carried_out_ends_the_command(string id, string parameter, string value)
    {
        var (code, text, error) = Run("Test-Certificate", TestCertificates.Localhost.CertificateFile, parameter, value);
        Assert.NotEqual(0, code);
        Assert.Contains(id, error, StringComparison.Ordinal);
        Assert.Empty(text);
    }

    [SkippableFact]
    public async Task Certbot_renews_by_the_runner()
    {
        await using var acme = await Servers.NewAcmeAsync(TestRun.FreePort());
        var folder = await acme.IssueAsync("site", ["--standalone"], "www.example.test");
        string[] call = ["Update-Certificate", "-CertbotDirectory", $"{folder}/config", "-CertbotPath", acme.Certbot];

        var (planCode, plan, _) = Run([.. call, "-Lineage", "*", "-WhatIf"]);
        Assert.Equal(0, planCode);
        Assert.Contains("certbot renew --cert-name site", plan, StringComparison.Ordinal);

        // Nothing shows what is served, which is worth a warning.
        var (code, text, error) = Run([.. call, "-Lineage", "site", "-OutputFormat", "NdJson"]);
        Assert.Equal((1, string.Empty), (code, error));
        Assert.Contains("\"Outcome\":\"Done\"", text, StringComparison.Ordinal);

        await acme.StopAsync();
        var (failed, table, cause) = Run([.. call, "-Lineage", "site"]);
        Assert.NotEqual(0, failed);
        Assert.Contains("Certificate.RenewalServerDown", cause, StringComparison.Ordinal);
        Assert.All(table.Split('\n'), line => Assert.True(line.Length <= 120, line));
        Assert.Contains("Certificate.LineageNotFound", Run([.. call, "-Lineage", "sites"]).Error, StringComparison.Ordinal);
    }

    private static (int Code, string Out, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = OpsRunbookConsole.Run(arguments, new Terminal { Out = output, Error = error, OpenInput = () => TextReader.Null, Width = 120 });
        return (code, output.ToString(), error.ToString());
    }
}
