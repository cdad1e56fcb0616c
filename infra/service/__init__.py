"""The capture as a service of the user: started with the machine, started again when it ends."""
