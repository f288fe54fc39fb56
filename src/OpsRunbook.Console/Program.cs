using OpsRunbook.ConsoleRunner;

return OpsRunbookConsole.Run(args, Terminal.Current());
