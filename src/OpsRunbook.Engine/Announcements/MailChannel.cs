using System.Net;
using System.Net.Mail;
using System.Text;

namespace OpsRunbook.Engine.Announcements;

/// <summary>Mail by SMTP; encrypted with STARTTLS where the server offers it, and always when there is a password to send.</summary>
/// <param name="name">Name of the channel.</param>
/// <param name="definition">Server, sender and recipients.</param>
/// <param name="password">Password of the user; null for none.</param>
internal sealed class MailChannel(string name, StackAnnounceChannel definition, string? password) : IAnnouncementChannel
{
    private const int Submission = 587;
    private const int Relay = 25;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private readonly string _server = definition.Server ?? "localhost";
    private readonly int _port = definition.Port ?? (definition.User is null ? Relay : Submission);

    public async Task<string> SendAsync(Announcement announcement, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            using var message = Message(announcement);

            // A password is never sent in the open; without one a relay on the same machine often has no TLS.
            using var client = new SmtpClient(_server, _port) { EnableSsl = definition.User is not null, DeliveryMethod = SmtpDeliveryMethod.Network };
            if (definition.User is { } user)
            {
                client.Credentials = new NetworkCredential(user, password);
            }

            await client.SendMailAsync(message, limit.Token);
            return $"{_server} took it for {definition.To.Count} {(definition.To.Count == 1 ? "recipient" : "recipients")}.";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed(OpsErrorKind.Timeout, $"did not take it within {Duration.Format(Limit)}", null);
        }
        catch (SmtpFailedRecipientException error)
        {
            throw Failed(OpsErrorKind.OperationFailed, $"refuses the recipient {error.FailedRecipient}: {error.Message}", error);
        }
        catch (SmtpException error)
        {
            // 4xx is for now, 5xx for good; without an answer it was the connection.
            var forGood = (int)error.StatusCode is >= 500 and < 600;
            throw Failed(forGood ? OpsErrorKind.OperationFailed : OpsErrorKind.Connection, $"did not take it: {error.GetBaseException().Message}", error);
        }
        catch (FormatException error)
        {
            throw Failed(OpsErrorKind.InvalidArgument, $"has an address that is none: {error.Message}", error);
        }
    }

    private MailMessage Message(Announcement announcement)
    {
        var message = new MailMessage
        {
            From = new MailAddress(definition.From ?? $"{Environment.UserName}@{Environment.MachineName}"),

            // A line feed in a subject would begin another header.
            Subject = string.Join(' ', announcement.Subject.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries)),
            SubjectEncoding = Encoding.UTF8,
            Body = announcement.Text,
            BodyEncoding = Encoding.UTF8,
        };
        foreach (var recipient in definition.To)
        {
            message.To.Add(new MailAddress(recipient));
        }

        return message;
    }

    private OpsException Failed(OpsErrorKind what, string says, Exception? inner) => new(
        "Announce.Failed", what, $"The channel '{name}' by {_server}:{_port} {says}.", "Check the channel under 'announce' in the stack file, and tell people in another way.", name, inner);
}
