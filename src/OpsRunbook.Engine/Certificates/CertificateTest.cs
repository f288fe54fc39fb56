using System.Security.Cryptography;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Tests many certificates, and gives the results in the order of the call.</summary>
public static class CertificateTest
{
    private const int FoldersAtOnce = 200;
    private static readonly TimeSpan FindLimit = TimeSpan.FromMinutes(5);

    /// <summary>Tests files, endpoints, lineages and certificates that are there already.</summary>
    /// <param name="host">Host of the files, and where connections start.</param>
    /// <param name="request">What to test.</param>
    /// <param name="terms">What it is judged by.</param>
    /// <param name="output">Takes results, and an error for what does not exist or may not be read.</param>
    /// <param name="cancellationToken">Ends the test.</param>
    /// <returns>A task that ends with the last result.</returns>
    public static async Task RunAsync(IHost host, CertificateTestRequest request, CertificateTerms terms, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(output);
        _ = TrustStore.Of(terms.CaFile);
        var probe = new CertificateProbe(host, terms);
        var query = new CertificateQuery { ServerName = request.ServerName, StartTls = request.StartTls, Key = request.KeyPath };
        foreach (var certificate in request.Certificates)
        {
            try
            {
                await output.WriteAsync(await probe.LookAtAsync(certificate, query, cancellationToken), cancellationToken);
            }
            catch (CryptographicException error)
            {
                output.Error(new OpsException("Certificate.Unreadable", OpsErrorKind.InvalidData, $"A certificate of the pipeline cannot be read: {error.Message}", "Check where it comes from."));
            }
        }

        var files = await FilesAsync(host, request.Paths, output, cancellationToken);
        await InOrderAsync(files, request.ThrottleLimit, (file, token) => FileAsync(probe, query with { File = file.Path }, file.IsNamed, output, token), output, cancellationToken);
        await InOrderAsync(request.Endpoints, request.ThrottleLimit, (endpoint, token) => MemberAsync(probe, query with { Endpoint = endpoint }, output, token), output, cancellationToken);
        await InOrderAsync(
            await LineagesAsync(host, request, output, cancellationToken),
            request.ThrottleLimit,
            (lineage, token) => MemberAsync(
                probe,
                query with { Name = lineage.Name, File = lineage.FullChain ?? lineage.Certificate, Key = request.KeyPath ?? lineage.Key, CertbotFolder = request.CertbotFolder },
                output,
                token),
            output,
            cancellationToken);
    }

    /// <summary>Tests the certificates of a stack.</summary>
    /// <param name="session">The stack in use.</param>
    /// <param name="names">Names with wildcards; none for all.</param>
    /// <param name="terms">What they are judged by, for the member that it is given.</param>
    /// <param name="certbotFolder">certbot's configuration folder.</param>
    /// <param name="output">Takes results, and an error for each name that means nothing.</param>
    /// <param name="cancellationToken">Ends the test.</param>
    /// <returns>A task that ends with the last result.</returns>
    public static async Task RunAsync(
        StackSession session,
        IReadOnlyList<string> names,
        Func<StackCertificate, CertificateTerms> terms,
        string certbotFolder,
        IOperationOutput output,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(output);
        if (session.Stack.Certificates.Count == 0 && names.Count == 0)
        {
            output.Error(new OpsException(
                "Certificate.MemberNotFound", OpsErrorKind.NotFound, $"The stack '{session.Stack.Name}' has no certificate.", "Add one to the stack file, or name files (-Path), servers (-Endpoint) or lineages of certbot (-Lineage).", session.Stack.Name));
        }

        var filter = new NameFilter(names);
        var members = session.Stack.Certificates.Where(member => filter.Includes(member.Key)).ToList();
        foreach (var error in filter.Unused("Certificate.MemberNotFound", "certificate"))
        {
            output.Error(error);
        }

        await InOrderAsync(
            members,
            members.Count,
            (member, token) => MemberAsync(new CertificateProbe(session.Host(member.Value.Host), terms(member.Value)), QueryOf(member.Key, member.Value, certbotFolder), output, token),
            output,
            cancellationToken);
    }

    /// <summary>Where a certificate of a stack is looked for.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="certificate">Its entry.</param>
    /// <param name="certbotFolder">certbot's configuration folder.</param>
    /// <returns>The query.</returns>
    internal static CertificateQuery QueryOf(string? name, StackCertificate certificate, string certbotFolder = CertbotLineage.DefaultFolder) => new()
    {
        Name = name,
        Endpoint = certificate.Endpoint,
        ServerName = certificate.ServerName,
        File = certificate.File,
        Key = certificate.Key,
        CertbotFolder = certificate.Renew == "certbot" ? certbotFolder : null,
    };

    private static async Task<IReadOnlyList<CertificateStatus>> FileAsync(
        CertificateProbe probe, CertificateQuery query, bool isNamed, IOperationOutput output, CancellationToken cancellationToken)
    {
        try
        {
            return await probe.LookAsync(query, cancellationToken);
        }
        catch (OpsException error) when (!isNamed && error.Id is "Certificate.FileInvalid" or "Certificate.KeyInstead" or "Certificate.FileEmpty" or "Host.FileTooLarge")
        {
            // A folder holds other things too.
            output.Verbose(error.Message);
        }
        catch (OpsException error) when (error.Id is "Certificate.FileInvalid" or "Certificate.KeyInstead" or "Certificate.FileEmpty" or "Certificate.FileDamaged" or "Certificate.PasswordWrong")
        {
            return [probe.Nothing(query, error)];
        }
        catch (OpsException error)
        {
            output.Error(error);
        }

        return [];
    }

    private static async Task<IReadOnlyList<CertificateStatus>> MemberAsync(CertificateProbe probe, CertificateQuery query, IOperationOutput output, CancellationToken cancellationToken)
    {
        try
        {
            return await probe.LookAsync(query, cancellationToken);
        }
        catch (OpsException error) when (error.Id is "Endpoint.AddressInvalid" or "Endpoint.CaFileUnreadable")
        {
            output.Error(error);
            return [];
        }
        catch (OpsException error)
        {
            return [probe.Nothing(query, error)];
        }
    }

    private static async Task InOrderAsync<T>(
        IReadOnlyCollection<T> items, int limit, Func<T, CancellationToken, Task<IReadOnlyList<CertificateStatus>>> look, IOperationOutput output, CancellationToken cancellationToken)
    {
        if (items.Count == 0)
        {
            return;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var throttle = new SemaphoreSlim(Math.Max(1, limit));
        var running = items.Select(item => Task.Run(() => OneAsync(item), ended.Token)).ToList();
        try
        {
            var done = 0;
            foreach (var task in running)
            {
                foreach (var status in await task)
                {
                    await output.WriteAsync(status, cancellationToken);
                }

                done++;
                output.Progress("Testing certificates", $"{done} of {items.Count}", 100 * done / items.Count);
            }
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(running).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        async Task<IReadOnlyList<CertificateStatus>> OneAsync(T item)
        {
            await throttle.WaitAsync(ended.Token);
            try
            {
                return await look(item, ended.Token);
            }
            finally
            {
                throttle.Release();
            }
        }
    }

    private static async Task<IReadOnlyList<CertbotLineage>> LineagesAsync(IHost host, CertificateTestRequest request, IOperationOutput output, CancellationToken cancellationToken)
    {
        if (request.Lineages.Count == 0)
        {
            return [];
        }

        var filter = new NameFilter(request.Lineages);
        var lineages = (await CertbotLineage.ReadAllAsync(host, request.CertbotFolder, cancellationToken)).Where(lineage => filter.Includes(lineage.Name)).ToList();
        foreach (var error in filter.Unused("Certificate.LineageNotFound", $"lineage in {request.CertbotFolder} on {host.Name}"))
        {
            output.Error(error);
        }

        return lineages;
    }

    private static async Task<IReadOnlyList<FoundFile>> FilesAsync(IHost host, IReadOnlyList<string> paths, IOperationOutput output, CancellationToken cancellationToken)
    {
        var expanded = new List<string>();
        foreach (var path in paths)
        {
            HostErrors.RequireAbsolute(path);
            if (!path.AsSpan().ContainsAny('*', '?'))
            {
                expanded.Add(path);
            }
            else if (await host.FindFilesAsync(path, cancellationToken) is { Count: > 0 } found)
            {
                expanded.AddRange(found);
            }
            else
            {
                output.Error(CertificateErrors.FileMissing(host.Name, path));
            }
        }

        var files = new List<FoundFile>();
        foreach (var chunk in expanded.Distinct(StringComparer.Ordinal).Chunk(FoldersAtOnce))
        {
            // Links are followed: what certbot's 'live' holds are links. A folder that may not be read is said, and the rest goes on.
            var result = await host.RunAsync(new HostCommand(["find", "-L", .. chunk, "-type", "f", "-print0"]) { Timeout = FindLimit }, cancellationToken);
            var seen = result.StandardOutput.Split('\0', StringSplitOptions.RemoveEmptyEntries);
            files.AddRange(seen.Order(StringComparer.Ordinal).Select(path => new FoundFile(path, Array.IndexOf(chunk, path) >= 0)));
            foreach (var line in result.StandardError.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var named = chunk.OrderByDescending(path => path.Length).FirstOrDefault(path => line.Contains(path, StringComparison.Ordinal)) ?? chunk[0];
                output.Error(HostScripts.IsForbidden(line) ? HostErrors.FileForbidden(host.Name, named)
                    : line.Contains("No such file", StringComparison.Ordinal) ? CertificateErrors.FileMissing(host.Name, named)
                    : HostErrors.FileFailed(host.Name, named, line));
            }

            if (result.Truncated)
            {
                output.Error(HostErrors.FileFailed(host.Name, chunk[0], "there are too many files in it."));
            }
        }

        return files;
    }

    // A file that was named by the caller, or that lies in a folder that was.
    private sealed record FoundFile(string Path, bool IsNamed);
}
